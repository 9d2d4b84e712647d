/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded runs against the policy of a request. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "author/simulate.h"
#include "event/read.h"
#include "sdk/assemble.h"

struct reading {
    struct simulation *simulation;
    const char *to; /* workspace of the request */
};

static int records_take(struct reading *reading, struct event_reader *reader, struct error *err)
{
    struct event_record record;
    int status;

    while ((status = event_reader_next(reader, &record, err)) > 0) {
        status = simulation_take(reading->simulation, &record, reading->to, err);
        if (status < 0)
            return status;
    }
    simulation_add_damaged(reading->simulation, event_reader_state(reader).damaged);
    simulation_end_runs(reading->simulation);
    return status;
}

/* What is missing in a file could be what a gate is to find. */
static int file_take(struct reading *reading, const char *path, struct error *err)
{
    auto_event_reader struct event_reader *reader = NULL;
    bool is_input = strcmp(path, "-") == 0;
    int fd = is_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : -1, status = 0;

    if (is_input && fd < 0)
        return error_system(err, errno, "read standard input");
    if (!is_input)
        status = event_file_open(path, &fd, err);
    if (status < 0)
        return status;
    status = event_reader_new(fd, NULL, &reader, err);
    if (status == 0) {
        event_reader_refuse_damaged(reader);
        status = records_take(reading, reader, err);
        if (status == 0 && !event_reader_state(reader).records)
            status = error_set(err, ERROR_INVALID, ENODATA, "it holds no record: nothing was judged");
    }
    return status < 0 ? error_prepend(err, "%s", path) : 0;
}

static int run_take(struct reading *reading, const struct run_store *store, const char *id, struct error *err)
{
    auto_event_reader struct event_reader *reader = NULL;
    int status = run_store_read(store, id, &reader, err);

    return status < 0 ? status : records_take(reading, reader, err);
}

/* Those that were named, else all. */
static int store_take(struct reading *reading, const char *runs, const char *const *names, struct error *err)
{
    auto_run_store struct run_store *store = NULL;
    int status = run_store_open(runs, &store, err);

    for (size_t i = 0; status == 0 && names && names[i]; i++) {
        const char *id;

        status = run_store_find(store, names[i], &id, err);
        if (status == 0)
            status = run_take(reading, store, id, err);
    }
    for (size_t i = 0; status == 0 && !names && i < run_store_count(store); i++) {
        status = run_take(reading, store, run_store_id(store, i), err);
        if (status == -ENOENT) /* dropped meanwhile */
            status = 0;
    }
    return status;
}

static int simulate(const struct cordon_request *request, const char *const *files, const char *const *runs,
                    struct assembly *assembly, struct simulation **ret_simulation, struct error *err)
{
    auto_plan_index struct plan_index *index = NULL;
    auto_simulation struct simulation *simulation = NULL;
    struct reading reading = {0};
    int status = assembly_open(assembly, request, err);

    if (status == 0)
        status = assembly_compile(assembly, request, false, err);
    if (status == 0)
        status = plan_index_new(assembly->plan, &index, err);
    if (status == 0 && assembly->ops->judge_call)
        status = plan_index_set_calls(index, assembly->ops->judge_call, err);
    if (status == 0)
        status = simulation_new(index, &simulation, err);
    reading.simulation = simulation;
    reading.to = assembly->variables.workspace;
    for (size_t i = 0; status == 0 && files && files[i]; i++)
        status = file_take(&reading, files[i], err);
    if (status == 0 && (runs || !files))
        status = store_take(&reading, assembly->places.runs, runs, err);
    if (status == 0)
        *ret_simulation = take_ptr(simulation);
    return status;
}

int cordon_simulate(const struct cordon_request *request, const char *const *files, const char *const *runs,
                    enum cordon_format format, char **ret_report, struct cordon_simulate_result *ret_result,
                    struct cordon_error *err)
{
    auto_assembly struct assembly assembly = {0};
    auto_simulation struct simulation *simulation = NULL;
    struct error failure = ERROR_INIT;
    struct simulation_sum sum;
    int status = 0;

    if (format != CORDON_TEXT && format != CORDON_JSON)
        status = error_set(&failure, ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
    if (status == 0)
        status = simulate(request, files, runs, &assembly, &simulation, &failure);
    if (status == 0)
        status = format == CORDON_JSON ? simulation_print_json(simulation, ret_report, &failure)
                                       : simulation_print_text(simulation, ret_report, &failure);
    if (status < 0) {
        if (err)
            *public_error(err) = failure;
        return status;
    }
    sum = simulation_sum(simulation);
    if (ret_result)
        *ret_result = (struct cordon_simulate_result){
            .newly_denied = sum.counts[SIMULATED_DENIED],
            .newly_allowed = sum.counts[SIMULATED_ALLOWED],
            .unchanged = sum.counts[SIMULATED_SAME],
            .undecided = sum.counts[SIMULATED_UNDECIDED],
        };
    return 0;
}
