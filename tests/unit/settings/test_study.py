import pytest

from qgnn_d2d import settings
from qgnn_d2d.objective import PROTOCOLS
from qgnn_d2d.settings import SPLITS
from tests.unit.settings.configs import CONFIG, PAPER, REMOVED, SMOKE, WHOLE, changed

SIZES = ("splits train", 64), ("splits pool", 128)
ALONE = settings.load(changed(*SIZES, *((key, REMOVED) for key in ("noise", "scale", "gradients", "claims", "cap"))))

CONFIG_OF_ONE = {
    "study": "mine", "seed": 1, "num_seeds": 1,
    "splits": dict.fromkeys(["train", "validation", "test", "evaluation"], 4),
    "scenarios": {"small": {"kind": "rayleigh"}},
    "training": {"learning_rate": 0.01, "batch_size": 4, "epochs": 1},
}  # fmt: skip


def test_a_study_holds_what_its_config_says():
    assert (PAPER.name, PAPER.seed, PAPER.meaningless, SMOKE.meaningless) == ("paper", 15246, False, True)
    assert list(PAPER.scenarios) == ["rayleigh", "geometric", "geometric_weak", "public_draws"]
    assert PAPER.splits == {"train": 300, "validation": 300, "test": 300, "evaluation": 3000, "pool": 10000}
    assert list(SMOKE.splits) == list(SPLITS)
    without = settings.load(
        changed(*((key, REMOVED) for key in ("splits pool", "experiments training_size", "experiments redraws")))
    )
    assert list(without.splits) == list(SPLITS[:-1])
    assert list(PAPER.noise_models)[:3] == ["lagos", "perth", "manila"] and PAPER.noise_models["lagos_idle"].idle


def test_files_lie_in_the_studys_folder():
    run, scenario = "rayleigh-stated-qgnn", "rayleigh"
    assert SMOKE.file("a", "b.csv") == "results/smoke/a/b.csv"
    assert SMOKE.channels(scenario, "train") == "results/smoke/channels/rayleigh/train.nc"
    assert SMOKE.trained(run, "curves.csv") == f"results/smoke/training/{run}/curves.csv"
    assert SMOKE.solved(scenario, "test.nc") == "results/smoke/solvers/rayleigh/test.nc"
    assert SMOKE.evaluated("main", "test")[0] == f"results/smoke/training/{run}/test.nc"
    assert len(SMOKE.evaluated("main", "test")) == len(SMOKE.experiments["main"])
    assert SMOKE.table("main") == "results/smoke/tables/main.csv"


def test_redraws_are_found_by_the_run_that_they_are_compared_with():
    run = "rayleigh-stated-gcn"
    assert list(SMOKE.redraws) == ["rayleigh-stated-qgnn", run]
    assert SMOKE.redraws[run] == [run, f"{run}-d1", f"{run}-d2"]
    assert SMOKE.redraw_files == ["results/smoke/redraws.csv", "results/smoke/redraws.md"]
    assert set(SMOKE.redraw_files) < set(SMOKE.verified_files) and "redraws" not in SMOKE.comparisons
    alone = settings.load(changed(("experiments redraws", REMOVED)))
    assert not alone.redraws and not alone.redraw_files


def test_only_the_papers_study_writes_to_figures():
    assert (PAPER.figures, SMOKE.figures) == ("figures", "results/smoke/figures")


def test_a_study_lists_what_it_writes():
    stems = [*(f"tables/{name}" for name in PAPER.experiments), "convergence", "noise/summary"]
    assert PAPER.table_files == [f"results/paper/{stem}.{suffix}" for stem in stems for suffix in ("csv", "md")]
    assert len(ALONE.table_files) == 2 * (len(ALONE.experiments) + 1)  # without the noise study's
    assert PAPER.claim_files == ["results/paper/claims.json", "results/paper/claims.md"] and not ALONE.claim_files
    scaled = [f"results/paper/scale/{name}/{m}" for name in PAPER.config.scale for m in (5, 10, 20, 50, 100)]
    assert PAPER.scale_files("nc") == [f"{stem}.nc" for stem in scaled] and not ALONE.scale_files()
    assert PAPER.inference_files == ["results/paper/scale/rayleigh/inference.csv"] and not ALONE.inference_files
    assert PAPER.gradient_files == ["results/paper/gradients.csv"] and not ALONE.gradient_files
    files = PAPER.verified_files
    assert len(files) == len(set(files)) and all(name.startswith("results/paper/") for name in files)
    pools = [name for name in files if name.endswith("pool.nc")]
    assert pools == ["results/paper/channels/rayleigh/pool.nc"] and sum("/training/" in name for name in files) == len(
        PAPER.runs
    )
    assert {name for name in files if "/noise/" in name} > {
        f"results/paper/noise/{n}.csv" for n in ("shots", "devices")
    }
    assert not [name for name in ALONE.verified_files if "/noise/" in name or "/scale/" in name]


@pytest.mark.parametrize(
    ("experiment", "wanted", "runs"),
    [
        ("main", {"protocol": "released", "model": "gcn"}, ["rayleigh-released-gcn", "rayleigh-released-gcn-lr5e-2"]),
        ("main", {"protocol": "released", "model": "gcn", "preset": None}, ["rayleigh-released-gcn"]),
        ("main", {"variant": "gcn_683", "preset": "drop"}, ["rayleigh-stated-gcn_683-drop"]),
        ("main", {"variant": "qgnn_k9", "model": "qgnn"}, ["rayleigh-stated-qgnn_k9"]),
        ("training_size", {"train_size": 30}, ["rayleigh-stated-qgnn-n30", "rayleigh-stated-gcn-n30"]),
        ("leaves", {"model": "gcn"}, []),
        ("nothing", {}, []),
    ],
)
def test_runs_of_an_experiment_are_selected(experiment, wanted, runs):
    assert PAPER.select(experiment, **wanted) == runs


def test_questions_about_experiments():
    assert PAPER.has("main", "leaves") and PAPER.has() and not PAPER.has("main", "nothing")
    names = ["main", "geometric", "geometric_weak", "public_draws"]
    assert [PAPER.scenario_of(name) for name in names] == list(PAPER.scenarios) and PAPER.comparisons == names
    assert PAPER.first_scenario == "rayleigh"


def test_the_public_codes_models_are_evidence_under_both_protocols_and_record_running_means():
    pairs = [pair for pair in PAPER.config.claims if pair.models == "the public code's QGNN and GNN, tuned"]
    names = [f"rayleigh-{protocol}" for protocol in PROTOCOLS]
    assert [pair.runs for pair in pairs] == [(f"{name}-qgnn_released", f"{name}-gcn_released") for name in names]
    assert all(PAPER.runs[run].training.running_mean for pair in pairs for run in pair.runs)
    assert not any(pair.primary for pair in pairs)


def test_legends_call_a_run_by_its_model_and_architecture():
    assert PAPER.label("rayleigh-stated-qgnn_k9") == "QGNN"
    assert PAPER.label("rayleigh-stated-qgnn_k9", about=True) == "QGNN, k = 9, L = 4, heads = 4, E = 3"
    assert PAPER.label("rayleigh-stated-gcn-drop", about=True) == PAPER.label("rayleigh-stated-gcn") == "GCN (IGCNet)"


def test_every_noise_model_of_the_study_has_the_runs_that_are_compared_under_it():
    assert PAPER.noise_runs("lagos") == {"unaware": "rayleigh-stated-qgnn", "aware": "rayleigh-stated-qgnn-lagos"}
    assert PAPER.noise_runs("p1e-2")["aware"] == "rayleigh-stated-qgnn-p1e-2"
    assert PAPER.noise_runs("lagos_idle") == {"unaware": "rayleigh-stated-qgnn"}
    assert PAPER.config.noise.names[:6] == ["lagos", "perth", "manila", "torino", "sherbrooke", "p1e-3"]
    with pytest.raises(ValueError, match=r"no run is like rayleigh-stated-qgnn, but trained under .* lagos_idle"):
        PAPER.aware("lagos_idle")


def test_files_that_a_run_and_the_studies_of_noise_and_scale_read():
    assert PAPER.run_channels("rayleigh-stated-gcn-n30", "test") == [
        "results/paper/channels/rayleigh/pool.nc",
        "results/paper/channels/rayleigh/test.nc",
    ]
    assert PAPER.run_channels("geometric-stated-gcn", "validation") == [
        "results/paper/channels/geometric/train.nc",
        "results/paper/channels/geometric/validation.nc",
    ]
    assert PAPER.noise_channels("evaluation") == "results/paper/channels/rayleigh/evaluation.nc"
    weights = [f"results/smoke/training/{run}/weights.safetensors" for run in SMOKE.config.scale["rayleigh"].runs]
    assert SMOKE.scale_weights("rayleigh") == SMOKE.scale_weights("rayleigh", 10) == weights
    again = "results/smoke/training/rayleigh-stated-qgnn-M20/weights.safetensors"
    assert SMOKE.scale_weights("rayleigh", 20) == [*weights, again]


def test_noise_jobs_repeat_where_their_noise_model_or_the_sizes_change():
    fewer = settings.load(changed(("noise shots", [16])))
    assert SMOKE.noise_text("lagos") != SMOKE.noise_text("lagos_idle") and SMOKE.noise_text(
        "lagos"
    ) != fewer.noise_text("lagos")
    assert SMOKE.noise_text("lagos") == settings.load(changed()).noise_text("lagos")
    other = settings.load(changed(("noise_models lagos device", "FakePerth")))
    assert SMOKE.gradients_text != other.gradients_text  # its noise models count
    assert SMOKE.gradients_text == fewer.gradients_text


def test_only_solvers_repeat_where_the_optimum_changes():
    others = [
        settings.load(changed(("scenarios rayleigh optimum", value)))
        for value in (False, {"gap": 1e-4}, {"max_boxes": 1000}, "off")
    ]
    for other in others:
        assert other.drawn_as("rayleigh") == SMOKE.drawn_as("rayleigh")
        assert other.scenarios["rayleigh"].optimum_text != SMOKE.scenarios["rayleigh"].optimum_text
        assert other.scale_text("rayleigh") != SMOKE.scale_text("rayleigh")
    assert others[0].scenarios["rayleigh"].optimum is False
    assert [other.scenarios["rayleigh"].optimum_text for other in others] == [
        "off", "gap = 0.0001, max_boxes = 1000000", "gap = 1e-06, max_boxes = 1000", "off",
    ]  # fmt: skip


def test_a_run_with_all_options_can_be_trained():
    assert SMOKE.trainable("rayleigh-stated-gcn") is SMOKE.runs["rayleigh-stated-gcn"]


def test_a_study_of_one_run_needs_no_other_section():
    keys = ("study", "seed", "num_seeds", "splits", "scenarios", "training")
    whole = {key: WHOLE[key] for key in keys} | {"experiments": {"one": [{"model": "gcn", "batch_size": 2}]}}
    whole["training"] = {"epochs": 1, "learning_rate": 0.1}
    assert list(settings.load(whole).runs) == ["rayleigh-stated-gcn"]


def test_a_study_is_read_with_what_it_extends(tmp_path):
    (tmp_path / "own.yaml").write_text(f"extends: {CONFIG / 'smoke.yaml'}\nstudy: own\nsplits: {{train: 12}}\n")
    study = settings.read(tmp_path / "own.yaml")
    assert (study.name, study.splits["train"], study.runs.keys()) == ("own", 12, SMOKE.runs.keys())


@pytest.mark.parametrize("study", [PAPER, SMOKE], ids=lambda study: study.name)
def test_every_run_is_trained_by_one_process_with_runs_of_its_experiment(study):
    groups = study.groups
    assert sorted(run for members in groups.values() for run in members) == sorted(study.runs)
    judged = {run for pair in study.config.claims for run in pair.runs}
    for name, members in groups.items():
        assert 1 <= len(members) <= study.config.torch.runs_per_job
        trainings = {f"scale_{name}": scale.trainings for name, scale in study.config.scale.items()}
        assert set(members) <= set({**study.experiments, **trainings}[name.rpartition("_")[0]])
        assert len({run in judged for run in members}) == 1  # a claim's target trains no run that no claim needs
    assert [noise for part in study.noise_groups for noise in part] == study.noise.names


def test_the_size_of_groups_is_a_setting():
    alone = settings.load(changed(("torch", {"runs_per_job": 1})))
    assert all(len(members) == 1 for members in alone.groups.values())


def test_a_run_has_files_that_it_is_made_from_and_files_that_it_writes():
    run = "rayleigh-stated-gcn-n48"
    splits = ("pool", "test", "evaluation")
    assert SMOKE.trained_from(run) == [f"results/smoke/channels/rayleigh/{split}.nc" for split in splits]
    assert {f"{run}/curves.csv", f"{run}/evaluation.nc"} <= {
        path.removeprefix("results/smoke/training/") for path in SMOKE.trained_files(run)
    }
    assert SMOKE.noise_files("lagos") == [f"results/smoke/noise/lagos/{kind}.csv" for kind in ("exact", "shots")]
    aware = [f"results/smoke/training/rayleigh-stated-qgnn{name}/weights.safetensors" for name in ("", "-lagos")]
    assert SMOKE.noise_inputs("lagos")[2:] == aware


def test_the_check_has_the_runs_of_tables_and_claims_but_no_ablation():
    check = settings.read(CONFIG / "check.yaml")
    assert check.config.weights == "reference" and set(check.runs) < set(PAPER.runs)
    for run, found in check.runs.items():
        assert found == PAPER.runs[run]
    needed = {run for pair in PAPER.config.claims for run in pair.runs}
    needed |= {run for scale in PAPER.config.scale.values() for run in [*scale.runs, *scale.trainings]}
    assert needed | set(PAPER.experiments["training_size"]) | set(PAPER.experiments["device_noise"]) <= set(check.runs)


def test_a_scale_study_trains_its_runs_with_all_settings_but_links_and_seeds():
    run, again = (SMOKE.runs[f"rayleigh-stated-qgnn{more}"] for more in ("", "-M20"))
    assert again == run.model_copy(update={"id": again.id, "num_links": 20, "num_seeds": 1})
    assert SMOKE.trained_from(again.id) == [] and not [f for f in SMOKE.trained_files(again.id) if f.endswith(".nc")]
    assert "num_links = 20" in SMOKE.drawn_in(again.id) and "train = 24" in SMOKE.drawn_in(again.id)
    assert SMOKE.drawn_in(run.id) == "" and SMOKE.variants[again.id] == "qgnn"
    assert not [name for name, members in SMOKE.experiments.items() if again.id in members]
    clash = changed(("presets M20", {"epochs": 2}), ("experiments training_size", [{"model": "qgnn", "preset": "M20"}]))
    with pytest.raises(
        ValueError, match=r"scale\.rayleigh\.retrained: run rayleigh-stated-qgnn-M20 has other settings"
    ):
        settings.load(clash)


def test_fig_2_is_trained_without_the_runs_of_other_claims():
    wanted = {run for pair in PAPER.config.claims if pair.primary for run in pair.runs}
    assert all(set(members) <= wanted for members in PAPER.groups.values() if wanted & set(members))


def test_a_study_names_the_circuits_that_are_not_the_librarys():
    assert PAPER.own_circuits == {}
    own = settings.load(
        changed(("experiments ablation", [{"model": "qgnn", "circuit": ["qgcl", "blocks:zz"], "k": 2}]))
    )
    run = "rayleigh-stated-qgnn-k2-circuitblocks.zz"
    assert own.own_circuits == {run: "blocks:zz"}
    assert (
        own.label(run) == "QGNN, blocks:zz"
        and own.label(run, about=True) == "QGNN, blocks:zz, k = 2, L = 2, heads = 1, E = 2"
    )


def test_a_study_that_compares_no_models_has_no_table_of_convergence():
    swept = settings.load({**CONFIG_OF_ONE, "experiments": {"main": [{"model": "qgnn", "k": [1, 2]}]}})
    assert swept.table_files == [f"results/mine/tables/main.{suffix}" for suffix in ("csv", "md")]
    plain = settings.load({**CONFIG_OF_ONE, "experiments": {"main": [{"model": "gcn"}]}})
    assert plain.file("convergence.csv") in plain.table_files
