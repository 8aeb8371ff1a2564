"""The lists of checks: of generators (spec, training, samples, files, side effects, densities), and of datasets."""

from __future__ import annotations

from jetgen.testing.check import Check
from jetgen.testing.checks import declaration, density, fitting, response, sampling, saving, surroundings, truth

__all__ = ["CHECKS", "DATASET_CHECKS"]

CHECKS = tuple(
    Check(function)
    for function in (
        declaration.imports_are_light,
        declaration.spec_is_sound,
        declaration.target_is_a_generator,
        declaration.capabilities_are_implemented,
        declaration.presets_are_complete,
        declaration.settings_refuse_unknown_keys,
        declaration.settings_survive_json,
        fitting.fit_reports_what_it_did,
        fitting.fit_reports_progress,
        fitting.fit_leaves_its_data_alone,
        fitting.fit_needs_no_folder,
        fitting.fit_is_repeatable,
        fitting.fit_follows_its_seed,
        fitting.fit_keeps_its_deadline,
        fitting.fit_resumes_after_an_interrupt,
        sampling.samples_are_as_many_as_asked,
        sampling.sample_of_no_clouds_is_empty,
        sampling.samples_are_finite_float32,
        sampling.samples_keep_to_the_cloud_spec,
        sampling.samples_are_repeatable,
        sampling.samples_follow_their_seed,
        sampling.samples_differ_between_draws,
        sampling.multiplicity_is_honoured_or_refused,
        saving.saved_model_works_in_a_fresh_process,
        saving.saved_model_holds_no_pickle,
        saving.saved_model_can_be_moved,
        surroundings.global_random_state_is_left_alone,
        surroundings.nothing_is_written_elsewhere,
        density.log_prob_is_one_number_per_cloud,
        density.log_prob_tells_truth_from_noise,
    )
)

DATASET_CHECKS = tuple(
    Check(function)
    for function in (
        truth.capabilities_of_data_are_implemented,
        truth.density_is_one_number_per_cloud,
        truth.density_follows_its_clouds,
        truth.density_integrates_to_one,
        response.response_is_one_row_per_particle,
        response.response_follows_its_clouds,
        response.answers_are_made_anew,
    )
)
