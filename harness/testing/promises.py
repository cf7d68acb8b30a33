"""What each check of the suite is about, in words for the author of an adapter."""

PROMISES = {
    "test_probe_is_stable": "finds the same toolchain twice",
    "test_probe_describes_a_program_that_is_there": (
        "names a real program, a language, a version, a fingerprint"
    ),
    "test_a_missing_toolchain_says_how_to_get_it": (
        "raises `ToolchainMissing` with a hint on an empty machine"
    ),
    "test_an_equal_build_is_made_once": "finds its own build again",
    "test_a_damaged_cache_is_made_again": "does not believe in a cache that is gone",
    "test_a_changed_source_is_another_build": "never executes an old build",
    "test_every_source_counts_for_a_build": "digests all sources, not the first alone",
    "test_every_option_counts_for_a_build": "digests every option that `changes` names",
    "test_another_toolchain_is_another_build": "puts the fingerprint into the digest",
    "test_equal_sources_elsewhere_are_the_same_build": "keeps paths out of the digest",
    "test_a_build_lives_in_a_folder_of_its_own_below_workdir": "builds out of tree",
    "test_a_broken_source_gives_the_toolchains_words_every_time": (
        "hides no compiler error, caches none"
    ),
    "test_two_builds_at_once_make_one": (
        "makes the same build twice at once, and neither spoils the other"
    ),
    "test_a_stopped_build_leaves_nothing_half": (
        "takes nothing for a build that a stop signal left half made"
    ),
    "test_a_compiler_may_print_ten_megabytes": (
        "takes warnings for no failure, and finds the error among 10 MB of them"
    ),
    "test_a_program_of_the_user_s_own_build_is_executed_as_it_is": (
        "executes `program`, where it has that option, and digests its bytes"
    ),
    "test_an_unknown_option_is_refused": "suggests the near one",
    "test_a_run_gives_the_output_of_its_case": "fills in the arguments",
    "test_two_runs_give_the_same_bytes": "adds nothing of its own to the output",
    "test_a_wrong_output_is_caught": "does not call everything right",
    "test_a_failing_program_raises_when_run_and_reports_when_timed": "tells the two hooks apart",
    "test_a_trial_is_timed_by_the_parent": (
        "returns the launcher's figures, by the plan that was given"
    ),
    "test_a_target_s_limits_and_environment_hold": "passes its target on in the command",
    "test_a_timeout_leaves_no_process": "starts nothing that escapes the launcher",
    "test_steady_mode_gives_samples_or_is_refused": "has a steady driver, or says that it has none",
    "test_twice_the_batch_takes_about_twice_the_time": (
        "executes as often as it is told, and each sample reaches its minimum"
    ),
    "test_steady_work_reads_standard_input_from_its_beginning": (
        "rewinds standard input for every execution"
    ),
    "test_phases_are_reported_where_there_is_a_marker": (
        "hands the phase marker to the target, in either mode"
    ),
    "test_phases_of_several_threads_are_summed": (
        "has a marker that several threads may use at once"
    ),
    "test_nothing_is_written_outside_workdir": "leaves sources, current folder and home untouched",
    "test_paths_may_hold_spaces_and_any_letter": "passes paths as words, not through a shell",
    "test_a_profile_is_whole_where_there_is_one": "gives shares between 0 and 1, the largest first",
    "test_a_profile_names_lines_that_are_there": "names files and lines that exist",
}
"""Check: what the adapter does that passes it, in the order of an adapter's life."""
