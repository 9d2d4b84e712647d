/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people should know of that no client waits for. Of the machine's service a keeper has no standard error that leads anywhere: cordond writes it down.
 */
#include <stdarg.h>
#include <stdio.h>

#include "keeper/keeper.h"

#define SAID_SIZE 512

static struct keeper *speaker; /* the one keeper that this process is; NULL = cordond is not there yet */

void says_begin(struct keeper *keeper)
{
    speaker = keeper;
}

void keeper_say(const char *format, ...)
{
    char text[SAID_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fprintf(stderr, "cordon-keeper: %s\n", text);
    if (speaker && speaker->has_launcher)
        daemon_tell_said(speaker, text);
}
