/* SPDX-License-Identifier: Apache-2.0 */
/* How many records a second are rendered, in clear, salted and sealed: `render ROUNDS DIRECTORY` prints a line for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../unit/ocsf/events.h"
#include "base/clock.h"

static void measure(enum veil_mode mode, const char *directory, const char *type, unsigned rounds)
{
    const struct veil_options options = {directory, "uid:1000", mode, mode, true};
    struct ocsf_context context = test_context;
    auto_veil struct veil *veil = NULL;
    auto_ocsf struct ocsf *ocsf = NULL;
    struct error err = ERROR_INIT;
    const char *event = NULL, *body;
    uint64_t start;
    size_t size = 0;

    for (size_t i = 0; test_events[i] && !event; i++)
        if (strstr(test_events[i], type))
            event = test_events[i];
    if (!event || (mode != VEIL_CLEAR && veil_open(&options, &veil, &err) < 0))
        exit((fprintf(stderr, "render: %s\n", err.text), 1));
    context.veil = veil;
    if (ocsf_new(&context, &ocsf, &err) < 0)
        exit((fprintf(stderr, "render: %s\n", err.text), 1));
    start = clock_monotonic_ns();
    for (unsigned round = 0; round < rounds; round++)
        if (ocsf_render(ocsf, event, strlen(event), &body, &size, &err) < 0)
            exit((fprintf(stderr, "render: %s\n", err.text), 1));
    printf("%-7s %-30s %5zu bytes %9.0f a second\n", veil_mode_name(mode), type, size,
           rounds / ((double)(clock_monotonic_ns() - start) / 1e9));
}

int main(int argc, char **argv)
{
    static const char *const types[] = {"\"access.denied\",\"operation\":\"read\"", "\"network.connected\"", "\"network.request\"", "\"run.started\"", "\"run.exited\""};
    const unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200000;

    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        measure(VEIL_CLEAR, NULL, types[i], rounds);
    for (enum veil_mode mode = VEIL_SALTED; argc > 2 && mode <= VEIL_SEALED; mode++)
        measure(mode, argv[2], types[0], rounds);
    return 0;
}
