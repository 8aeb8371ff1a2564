"""`jetbench report` and `jetbench leaderboard`: what a run ends with, whatever is in it."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil

import jetgen
import pytest
from runs import arguments

HOOKS = """
from jetgen.hooks import Drawing, Section, hookimpl

def line(figure):
    figure.set_size_inches(3, 2)
    figure.subplots().plot([0, 1], [1, 0])

def broken(figure):
    raise RuntimeError("the pen <b>broke</b>")

class Reporter:
    @hookimpl
    def jetgen_report_sections(self, results):
        number = f"{len(results.rows)} rows, {len(results.tables)} table"
        drawings = (Drawing("a line", "A line.", line), Drawing("broken", "Nothing.", broken))
        return [Section("From <i>an outsider</i>", f"{number}\\n\\n<script>alert(1)</script>", drawings)]

class Wrong:
    @hookimpl
    def jetgen_report_sections(self, results):
        return "a text"

class Failing:
    @hookimpl
    def jetgen_report_sections(self, results):
        raise RuntimeError("no idea")
"""


@pytest.fixture(scope="module")
def finished(module_outsiders, tmp_path_factory):
    """A run of one model that ends well and one that fails, with the hooks of an outsider; what it printed."""
    reporters = {"reporter": "Reporter", "wrong": "Wrong", "failing": "Failing"}
    module_outsiders.write("report-outsider", HOOKS, hooks=reporters)
    run = tmp_path_factory.mktemp("report") / "run"
    more = ("-g", "evil-raise-fit", "--report")
    done = module_outsiders.jetbench(*arguments(run, "kind-gaussian", metrics=("w1m", "w1mult"), more=more))
    assert done.returncode == 1, done.stderr
    return run, done


@pytest.fixture(scope="module")
def browser(finished):
    """Headless Chromium on the page."""
    driver, program = shutil.which("chromedriver"), shutil.which("chromium")
    if driver is None or program is None:
        pytest.skip("there is no chromium with its chromedriver")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for word in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1200,1000",
    ):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options, webdriver.ChromeService(driver)) as opened:
        opened.get((finished[0] / "report" / "index.html").as_uri())
        yield opened


@pytest.fixture
def page(finished):
    return (finished[0] / "report" / "index.html").read_text()


def test_a_run_ends_with_the_address_of_a_page_that_has_its_command(finished, page):
    run, done = finished
    assert f"report: {run / 'report' / 'index.html'}" in done.stdout
    assert re.search(r"<code>jetbench run -g kind-gaussian .* -g evil-raise-fit --report</code>", page)


def test_the_page_fetches_nothing_and_each_pdf_that_it_names_is_there(finished, page):
    addresses = re.findall(r"""(?:src|href|action)\s*=\s*["']([^"']*)""", page)
    outside = [each for each in addresses if not each.startswith(("data:image/png;base64,", "#", "figures/"))]
    assert not outside
    assert "@import" not in page
    assert "url(" not in page
    named = [each for each in addresses if each.startswith("figures/")]
    assert len(named) >= 5
    assert all((finished[0] / "report" / each).read_bytes().startswith(b"%PDF") for each in named)


def test_tables_failures_scores_and_provenance_stand_on_the_page(page):
    for text in ("kind-gaussian", "floor: truth", "What did not end well", "W1M", "processor", "1 of 3"):
        assert text in page
    (failure,) = re.findall(r"<tr><td>(evil-raise-fit[^<]*)</td><td>failed</td><td>fit</td><td>([^<]*)</td>", page)
    assert failure[0].startswith("evil-raise-fit.tiny.kind-jets@tiny")
    assert failure[1]


def test_sections_of_plugins_are_escaped_and_a_figure_that_fails_costs_itself_alone(page):
    assert "From &lt;i&gt;an outsider&lt;/i&gt;" in page
    assert "<script>alert" not in page
    assert "3 rows, 1 table" in page
    assert "Not drawn: RuntimeError: the pen &lt;b&gt;broke&lt;/b&gt;" in page
    assert "report-outsider:wrong answered with str, not with a Section of jetgen.hooks" in page


def test_the_page_is_made_again_from_the_folder_wherever_it_lies(finished, module_outsiders, tmp_path, page):
    moved = shutil.copytree(finished[0], tmp_path / "moved")
    shutil.rmtree(moved / "report")
    done = module_outsiders.jetbench("report", str(moved))
    assert done.returncode == 0, done.stderr
    assert "warning: jetgen_report_sections of report-outsider:failing failed (RuntimeError: no idea)" in done.stderr
    again = (moved / "report" / "index.html").read_text()
    assert again.replace("jetgen: moved", "jetgen: run") == page


def test_a_click_on_a_head_sorts_its_table_and_another_turns_it(browser):
    """What has no value, here the model that failed, stays last either way."""
    script = """
        const [head, times] = arguments;
        const button = [...document.querySelectorAll("th button")].find((each) => each.textContent.startsWith(head));
        for (let i = 0; i < times; i++) button.click();
        const place = button.closest("th").cellIndex;
        return [button.closest("th").ariaSort, [...button.closest("table").tBodies[0].rows].map(
            (row) => row.cells[place].dataset.value)];
    """
    order, up = browser.execute_script(script, "W1M", 1)
    assert (order, len(up), up[-1]) == ("ascending", 3, "")
    assert float(up[0]) < float(up[1])
    assert browser.execute_script(script, "W1M", 1) == ["descending", [up[1], up[0], ""]]
    _, names = browser.execute_script(script, "model", 1)
    assert names == sorted(names)


def test_every_figure_is_there_and_not_empty(browser):
    script = """return [...document.images].map((image) => {
        const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
        const pen = canvas.getContext("2d");
        pen.drawImage(image, 0, 0);
        const pixels = new Uint32Array(pen.getImageData(0, 0, canvas.width, canvas.height).data.buffer);
        return [image.naturalWidth, new Set(pixels).size];
    })"""
    images = browser.execute_script(script)
    assert len(images) >= 5
    assert all(width > 200 and colours > 2 for width, colours in images)


def test_the_browser_fetches_nothing_runs_no_foreign_script_and_complains_of_nothing(browser):
    entries = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    assert [name for name in browser.execute_script(entries) if not name.startswith("data:")] == []
    assert browser.execute_script("return document.scripts.length") == 1
    assert browser.get_log("browser") == []
    assert browser.execute_script("return document.body.scrollWidth <= window.innerWidth")


def test_a_model_without_clouds_is_left_out_of_the_figures(finished, module_outsiders, tmp_path):
    moved = shutil.copytree(finished[0], tmp_path / "run")
    for path in moved.glob("cells/*/samples.h5"):
        path.unlink()
    assert module_outsiders.jetbench("report", str(moved)).returncode == 0
    again = (moved / "report" / "index.html").read_text()
    assert "Jets: kind-jets@tiny" not in again
    assert "A line." in again


def test_clouds_that_are_damaged_cost_their_figures_and_the_page_says_so(finished, module_outsiders, tmp_path):
    moved = shutil.copytree(finished[0], tmp_path / "run")
    (path,) = moved.glob("cells/kind-gaussian.*/samples.h5")
    path.write_bytes(path.read_bytes()[:1000])
    assert module_outsiders.jetbench_here("report", str(moved)).returncode == 0
    again = (moved / "report" / "index.html").read_text()
    assert "no figures of kind-gaussian on kind-jets@tiny, preset tiny: " in again
    assert "Jets: kind-jets@tiny" not in again


def test_what_is_no_run_has_no_report(module_outsiders, tmp_path):
    done = module_outsiders.jetbench_here("report", str(tmp_path))
    assert done.returncode == 1
    assert "is not a run folder" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_tables_are_printed_again_in_four_forms(finished, module_outsiders):
    run, done = finished
    again = module_outsiders.jetbench_here("leaderboard", str(run))
    assert again.returncode == 0, again.stderr
    assert again.stdout.strip() in done.stdout
    markdown = module_outsiders.jetbench_here("leaderboard", str(run), "--markdown").stdout
    assert markdown.strip() == (run / "leaderboard.md").read_text().strip()
    records = json.loads(module_outsiders.jetbench_here("leaderboard", str(run), "--json").stdout)
    lines = list(csv.DictReader(io.StringIO(module_outsiders.jetbench_here("leaderboard", str(run), "--csv").stdout)))
    assert [(one["id"], one.get("score") or "") for one in records] == [(one["id"], one["score"]) for one in lines]
    assert {one["score"] for one in lines} == {"", "w1m", "w1mult"}


def test_lines_are_ordered_by_a_column_and_an_unknown_one_is_a_sentence(finished, module_outsiders):
    run, _ = finished
    done = module_outsiders.jetbench_here("leaderboard", str(run), "--sort", "w1m", "--markdown")
    values = [float(value) for value in re.findall(r"^\| [^|]*\| (?:[^|]*\| )?([\d.]+)", done.stdout, re.MULTILINE)]
    assert len(values) == 2
    assert values == sorted(values)
    assert "Cost" not in done.stdout
    wrong = module_outsiders.jetbench_here("leaderboard", str(run), "--sort", "w1n")
    assert wrong.returncode == 2
    assert "no table has a column 'w1n' (did you mean w1m?)" in wrong.stderr
    both = module_outsiders.jetbench_here("leaderboard", str(run), "--json", "--csv")
    assert both.returncode == 2
    assert "name one of them" in both.stderr


def test_two_runs_are_compared_score_by_score(finished, module_outsiders, tmp_path):
    run, _ = finished
    other = tmp_path / "other"
    done = module_outsiders.jetbench(*arguments(other, "kind-gaussian", more=("--set", "kind-gaussian.width=2")))
    assert done.returncode == 0, done.stderr
    same = json.loads(module_outsiders.jetbench_here("compare", str(run), str(run), "--json").stdout)
    assert {(one["score"], one["verdict"]) for one in same["changes"]} == {("w1m", "the same"), ("w1mult", "the same")}
    text = module_outsiders.jetbench_here("compare", str(run), str(other)).stdout
    assert "only in the second run: kind-gaussian+" in " ".join(text.split())
    nothing = module_outsiders.jetbench_here("compare", str(run), str(tmp_path))
    assert nothing.returncode == 1
    assert "is not a run folder" in nothing.stderr


def test_a_run_is_a_frame_of_pandas(finished):
    pytest.importorskip("pandas")
    frame = jetgen.load_run(finished[0])
    scored = frame.dropna(subset="score").set_index(["generator", "score"])
    row = json.loads(next(finished[0].glob("cells/kind-gaussian.*/row.json")).read_text())
    assert scored.loc[("kind-gaussian", "w1m"), "mean"] == row["scores"]["w1m"]["mean"]
    assert set(frame["status"]) == {"ok", "failed"}
