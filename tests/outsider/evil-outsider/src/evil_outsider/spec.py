"""What there is: a healthy spec for every evil."""

from __future__ import annotations

from jetgen.api.specs import GeneratorSpec


def _spec(name: str, evil: str, summary: str) -> GeneratorSpec:
    return GeneratorSpec(
        name=f"evil-{name}",
        summary=summary,
        target=f"evil_outsider.{evil}",
        settings="evil_outsider.settings:EvilSettings",
        kinds=("jets", "showers", "tracks", "table"),
    )


CHATTY = _spec("chatty", "model:Chatty", "works, but writes to standard output at every turn")
DETACH_FIT = _spec("detach-fit", "model:DetachFit", "works, but leaves a process in a session of its own")
EXIT_FIT = _spec("exit-fit", "model:ExitFit", "calls sys.exit(0) in fit")
HANG_FIT = _spec("hang-fit", "model:HangFit", "never returns from fit")
HANG_SAMPLE = _spec("hang-sample", "model:HangSample", "never returns from sample")
IMPORT = _spec("import", "unimportable:Generator", "raises when its target is imported")
KILL_FIT = _spec("kill-fit", "model:KillFit", "sends SIGKILL to its own process in fit")
MEMORY_FIT = _spec("memory-fit", "model:MemoryFit", "fills the memory in fit, up to the setting most_gb")
NAN = _spec("nan", "model:Nan", "returns clouds with a value that is not a number")
NOT_CLOUDS = _spec("not-clouds", "model:NotClouds", "returns a list")
OS_EXIT_FIT = _spec("os-exit-fit", "model:OsExitFit", "calls os._exit(0) in fit")
OS_EXIT_SAMPLE = _spec("os-exit-sample", "model:OsExitSample", "calls os._exit(0) in sample")
HUGE_REPORT = _spec("huge-report", "model:HugeReport", "reports more parameters than a table can hold")
WORD_REPORT = _spec("word-report", "model:WordReport", "reports its parameters in words")
SURROGATE_FIT = _spec("surrogate-fit", "model:SurrogateFit", "raises an error with half a character")
RAISE_FIT = _spec("raise-fit", "model:RaiseFit", "raises in fit")
RAISE_SAMPLE = _spec("raise-sample", "model:RaiseSample", "raises in sample")
SAVE_NOTHING = _spec("save-nothing", "model:SaveNothing", "writes no checkpoint")
SEGFAULT_FIT = _spec("segfault-fit", "model:SegfaultFit", "reads from address zero in fit")
SEGFAULT_SAMPLE = _spec("segfault-sample", "model:SegfaultSample", "reads from address zero in sample")
SURROGATE_HISTORY = _spec("surrogate-history", "model:SurrogateHistory", "reports half a character")
RAISE_BASE = _spec("raise-base", "model:RaiseBase", "raises a BaseException in fit")
RAISE_WORDLESS = _spec("raise-wordless", "model:RaiseWordless", "raises an error that cannot be shown")
ODD_MODULES = _spec("odd-modules", "model:OddModules", "works, but leaves odd things in sys.modules")
SAVE_LINK = _spec("save-link", "model:SaveLink", "saves a link to a file that is not its own")
SAVE_PIPE = _spec("save-pipe", "model:SavePipe", "saves a named pipe")
SHAPE = _spec("shape", "model:Shape", "returns clouds with a feature too few")
STUBBORN_FIT = _spec("stubborn-fit", "model:StubbornFit", "never returns from fit, and ignores SIGTERM")
TOO_FEW = _spec("too-few", "model:TooFew", "returns one cloud less than was asked for")
TOO_MANY = _spec("too-many", "model:TooMany", "returns one cloud more than was asked for")
