"""Which check must catch whom, and by which words."""

from __future__ import annotations

from typing import Any

from jetgen.api.specs import GeneratorSpec

__all__ = ["ANIMALS", "NEEDY", "PICKY", "RIGHT", "promise"]


def _animal(path: str, **changes: Any) -> GeneratorSpec:
    facts: dict[str, Any] = {
        "name": path.partition(":")[2].lower(),
        "summary": "it has one thing wrong",
        "target": f"zoo.{path}",
        "settings": "zoo.settings:RightSettings",
        "kinds": ("jets",),
        "capabilities": ("SupportsLogProb",),
    }
    return GeneratorSpec(**{**facts, **changes})


def promise(**changes: Any) -> GeneratorSpec:
    """The right class behind a wrong spec or wrong settings."""
    return _animal("right:Right", **changes)


RIGHT = _animal("right:Right")
NEEDY = _animal("right:Needy", settings="zoo.settings:NeedySettings")
PICKY = _animal("right:Right", settings="zoo.settings:Picky")

ANIMALS: dict[str, dict[str, GeneratorSpec | str]] = {
    "imports-are-light": {
        "importing zoo.heavy brings torch": promise(settings="zoo.heavy:HeavySettings"),
        "and zoo.settings brings torch": "zoo.heavy:SPEC",
    },
    "spec-is-sound": {
        "'Right Name' is not": promise(name="Right Name"),
        "summary is empty": promise(summary=" "),
        "several lines": promise(summary="one\ntwo"),
        "the API version is 99": promise(api_version=99),
        "names no kind of clouds": promise(kinds=()),
        "'jet' (did you mean jets?)": promise(kinds=("jet",)),
        "read back": promise(kinds=["jets"]),
    },
    "target-is-a-generator": {
        "has no method save": _animal("wrong_files:NoSave"),
        "cannot be loaded": promise(target="zoo.right:Wrong"),
    },
    "capabilities-are-implemented": {
        "has no method log_prob": promise(target="kind_outsider.model:KindGaussian"),
        "did you mean SupportsLogProb": promise(capabilities=("SupportsLogProbability",)),
    },
    "presets-are-complete": {
        "no preset gpu": promise(settings="zoo.settings:NoGpu"),
        "no setting 'cluods_per_step'": promise(settings="zoo.settings:WrongPreset"),
        "not a subclass": promise(settings="zoo.right:Right"),
    },
    "settings-refuse-unknown-keys": {"was accepted": promise(settings="zoo.settings:Lenient")},
    "settings-survive-json": {"preset full": promise(settings="zoo.settings:Forgetful")},
    "fit-reports-what-it-did": {
        "it cannot": _animal("wrong_fits:FitRaises"),
        "exited with status 3": _animal("wrong_fits:FitExits"),
        "no attribute 'points'": _animal("wrong_fits:FitReadsArrays"),
        "returned NoneType": _animal("wrong_fits:FitReturnsNothing"),
        "parameters is np.int64(7)": _animal("wrong_fits:FitCountsInNumpy"),
        "history of loss": _animal("wrong_fits:FitLosesInfinity"),
        "'patience', not 'finished'": _animal("wrong_fits:FitNeverFinishes"),
    },
    "fit-reports-progress": {
        "never called": _animal("wrong_fits:FitIsSilent"),
        "11 out of 10": _animal("wrong_fits:FitCountsPastTheEnd"),
    },
    "fit-leaves-its-data-alone": {"clouds of train": _animal("wrong_fits:FitChangesItsData")},
    "fit-needs-no-folder": {"No such file": _animal("wrong_fits:FitNeedsAFolder")},
    "fit-is-repeatable": {"a second training gives other": _animal("wrong_fits:FitIsChance")},
    "fit-follows-its-seed": {"another seed": _animal("wrong_fits:FitIgnoresItsSeed")},
    "fit-keeps-its-deadline": {
        "the time is over": _animal("wrong_fits:FitRaisesWhenLate"),
        "'finished' after 0 of 10": _animal("wrong_fits:FitAlwaysSaysFinished"),
    },
    "fit-resumes-after-an-interrupt": {"was interrupted gives": _animal("wrong_fits:FitSkipsAStepWhenResumed")},
    "samples-are-as-many-as-asked": {
        "1 clouds were asked for, 0 came": _animal("wrong_samples:OneTooFew"),
        "1 clouds were asked for, 10 came": _animal("wrong_samples:WholeBatches"),
        "returned tuple": _animal("wrong_samples:NotClouds"),
    },
    "sample-of-no-clouds-is-empty": {
        "0 clouds and 3 features, such as Clouds.from_multiplicities(np.zeros((0, 3)), []); it raised DataError": (
            _animal("wrong_samples:NeverNone")
        ),
        "it raised ValueError: zero-size array": _animal("wrong_samples:NeedsALargest"),
        "it returned Clouds(1 clouds": _animal("wrong_samples:AtLeastOne"),
        "it returned Clouds(0 clouds, 0 points, 4 features)": _animal("wrong_samples:AFeatureTooMany"),
        "it returned tuple": _animal("wrong_samples:NotClouds"),
    },
    "samples-are-finite-float32": {
        "not finite": _animal("wrong_samples:Nan"),
        "dtype float64": _animal("wrong_samples:Double"),
    },
    "samples-keep-to-the-cloud-spec": {
        "at most 10": _animal("wrong_samples:TooLarge"),
        "4 features": _animal("wrong_samples:AFeatureTooMany"),
    },
    "samples-are-repeatable": {"same RunContext gives": _animal("wrong_samples:KeepsItsOwnState")},
    "samples-follow-their-seed": {"another seed": _animal("wrong_samples:IgnoresItsSeed")},
    "samples-differ-between-draws": {"as draw 0": _animal("wrong_samples:IgnoresTheDraw")},
    "multiplicity-is-honoured-or-refused": {
        "were asked for": _animal("wrong_samples:IgnoresMultiplicity"),
        "KeyError": _animal("wrong_samples:RefusesMultiplicityRudely"),
        "changed the multiplicity": _animal("wrong_samples:ChangesTheRequest"),
    },
    "saved-model-works-in-a-fresh-process": {
        "No such file": _animal("wrong_files:SavesNothing"),
        "IndexError": _animal("wrong_files:RemembersInMemory"),
        "gives other clouds": _animal("wrong_files:SavesWithoutItsWidth"),
    },
    "saved-model-can-be-moved": {
        "No such file": _animal("wrong_files:SavesItsAddress"),
        "KeyError": _animal("wrong_files:TakesTheCardsName"),
    },
    "saved-model-holds-no-pickle": {
        "means.bin": _animal("wrong_files:SavesAPickle"),
        "names.npy": _animal("wrong_files:SavesObjects"),
        "data.pkl": _animal("wrong_files:SavesLikeTorch"),
    },
    "global-random-state-is-left-alone": {
        "fit changed NumPy's": _animal("wrong_fits:FitSeedsTheWorld"),
        "sample changed Python's": _animal("wrong_samples:DrawsFromTheWorld"),
    },
    "nothing-is-written-elsewhere": {
        "fit.log": _animal("wrong_fits:FitWritesALog"),
        "save wrote": _animal("wrong_files:SavesBesideItsFolder"),
        "loaded.log": _animal("wrong_files:LoadsWithALog"),
    },
    "log-prob-is-one-number-per-cloud": {
        "dtype float32": _animal("wrong_fits:LogProbIsFloat32"),
        "has shape": _animal("wrong_fits:LogProbIsPerPoint"),
        "not finite": _animal("wrong_fits:LogProbIsInfinite"),
    },
    "log-prob-tells-truth-from-noise": {"that of noise": _animal("wrong_fits:LogProbIsALoss")},
}
"""By check id: some words of the verdict, and the generator that must earn them."""
