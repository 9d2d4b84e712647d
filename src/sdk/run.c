/* SPDX-License-Identifier: Apache-2.0 */
/* To completion in one call. */
#include <errno.h>

#include "sdk/container.h"

static void container_free_at(struct cordon_container **container)
{
    cordon_container_free(*container);
}

static int check_request(const struct cordon_request *request, struct error *err)
{
    if (request->is_tty)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "a terminal needs somebody to relay it: use cordon_spawn()");
    if (request->ask_ms)
        return error_set(err, ERROR_INVALID, EINVAL, "questions need somebody who answers them: use cordon_spawn()");
    for (int i = 0; i < 3; i++)
        if (request->stdio[i] == CORDON_STDIO_PIPE)
            return error_set(err, ERROR_INVALID, EINVAL,
                             "a pipe needs somebody at its end: use cordon_spawn(), or capture");
    return 0;
}

/* An empty stream is an empty string, so that a caller needs no case for it. */
static int take_capture(struct capture *capture, char **ret_data, size_t *ret_size,
                        struct error *err)
{
    char *data = capture->data ? take_ptr(capture->data) : mem_string("");

    if (!data)
        return error_memory(err);
    *ret_data = data;
    *ret_size = capture->size;
    return 0;
}

static int take_output(struct cordon_container *container, const struct cordon_request *request,
                       struct cordon_output *ret_output, struct error *err)
{
    struct capture *captures = container->streams.captures;
    struct cordon_output output = {0};
    int status = 0;

    if (request->captures[0])
        status = take_capture(&captures[0], &output.stdout_data, &output.stdout_size, err);
    if (status == 0 && request->captures[1])
        status = take_capture(&captures[1], &output.stderr_data, &output.stderr_size, err);
    if (status < 0) {
        cordon_output_finish(&output);
        return status;
    }
    *ret_output = output;
    return 0;
}

int cordon_run(const struct cordon_request *request, struct cordon_status *ret_status,
               struct cordon_output *ret_output, struct cordon_error *err)
{
    cleanup_with(container_free_at) struct cordon_container *container = NULL;
    struct cordon_status ended;
    int status = check_request(request, public_error(err));

    if (status == 0)
        status = container_start(request, &container, public_error(err));
    if (status == 0)
        status = cordon_container_wait(container, -1, &ended, err);
    if (status < 0)
        return status;
    if (ret_output) {
        status = take_output(container, request, ret_output, public_error(err));
        if (status < 0)
            return status;
    }
    if (ret_status)
        *ret_status = ended;
    return 0;
}

void cordon_output_finish(struct cordon_output *output)
{
    if (!output)
        return;
    mem_free(output->stdout_data);
    mem_free(output->stderr_data);
    *output = (struct cordon_output){0};
}
