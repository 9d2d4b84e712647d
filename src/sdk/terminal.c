/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of the terminal filter. */
#include <errno.h>

#include "base/memory.h"
#include "sdk/container.h"
#include "sdk/keeping.h"
#include "sdk/remote.h"
#include "sdk/terminal/filter.h"

struct cordon_terminal {
    struct terminal_filter *filter;
};

bool container_may_write_clipboard(const struct cordon_container *container)
{
    if (container->inside)
        return false;
    return container->remote ? remote_may_write_clipboard(container->remote) : container->assembly.plan->clipboard_write;
}

int cordon_terminal_new(const struct cordon_container *container, uint32_t flags,
                        struct cordon_terminal **ret_terminal, struct cordon_error *err)
{
    const struct terminal_options options = {
        .is_utf8 = flags & CORDON_TERMINAL_UTF8,
        .may_write_clipboard = container_may_write_clipboard(container),
    };
    auto_free struct cordon_terminal *terminal = NULL;
    int status;

    if (flags & ~CORDON_TERMINAL_UTF8)
        return error_set(public_error(err), ERROR_INVALID, EINVAL,
                         "flags 0x%x of the terminal are unknown", flags);
    terminal = mem_alloc(sizeof(*terminal));
    if (!terminal)
        return error_memory(public_error(err));
    status = terminal_filter_new(&options, &terminal->filter, public_error(err));
    if (status == 0)
        *ret_terminal = take_ptr(terminal);
    return status;
}

size_t cordon_terminal_filter(struct cordon_terminal *terminal, const char *bytes, size_t size,
                              const char **ret_output, size_t *ret_output_size)
{
    return terminal_filter_step(terminal->filter, bytes, size, ret_output, ret_output_size);
}

int cordon_terminal_end(struct cordon_terminal *terminal, const char **ret_output,
                        size_t *ret_output_size)
{
    return terminal_filter_end(terminal->filter, ret_output, ret_output_size);
}

void cordon_terminal_free(struct cordon_terminal *terminal)
{
    if (!terminal)
        return;
    terminal_filter_free(terminal->filter);
    mem_free(terminal);
}
