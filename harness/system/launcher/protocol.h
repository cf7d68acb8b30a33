/* Rendered from protocol.py by scripts/render_protocol.py: change it there. */
#define VERSION "harness launcher 4"
#define CONTROL_FD 3
#define UNKNOWN INT64_MIN
#define TOUCHED_MORE 8
#define TOUCHED_PHASES 4
#define TOUCHED_STDERR 2
#define TOUCHED_STDOUT 1
#define SAMPLE_NUMBERS 4
#define JOB_NUMBERS(X) X(ticket) X(timeout_ns) X(max_file_bytes) X(samples) X(min_sample_ns) X(budget_ns) X(arguments)
#define JOB_TEXTS(X) X(cpus) X(stdin_path) X(stdout_path) X(stderr_path) X(folder) X(jail) X(own) X(scratch)
#define FIGURES(X) X(ticket) X(wall_ns) X(user_ns) X(sys_ns) X(max_rss_bytes) X(minor_faults) X(major_faults) X(voluntary_switches) X(involuntary_switches) X(left_behind) X(threads) X(steal_ns) X(pressure_ns) X(exit_code) X(signal) X(touched) X(timed_out) X(cancelled) X(last) X(exec_errno) X(ready_ns) X(handshake_ns) X(stuck_ns) X(unwaited_ns) X(own_cpu_ns) X(steady_done) X(samples)
#define RANK_VARIABLES "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"
#define SIZE_VARIABLES "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"
