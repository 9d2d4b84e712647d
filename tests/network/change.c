/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Change the network of a running container through the library: change CONTROL WORKSPACE EVENTS POLICY COMMAND...
 * Each line of the file CONTROL (a pipe with a name) is a policy file whose network the container gets; `changed`, or the error, is said of each. At
 * its end the container is killed. Ends with 0 when all of that was possible.
 */
#include <cordon/cordon.h>
#include <stdio.h>
#include <string.h>

static void say(const char *text)
{
    puts(text);
    fflush(stdout);
}

static int ask(const char *policy, struct cordon_request **ret_request, struct cordon_error *err)
{
    int status = cordon_request_new(ret_request, err);

    return status < 0 ? status : cordon_request_add_policy_file(*ret_request, policy, err);
}

static void change(struct cordon_container *container, const char *policy)
{
    struct cordon_request *request = NULL;
    struct cordon_error err = {0};
    int status = ask(policy, &request, &err);

    if (status == 0)
        status = cordon_container_set_network(container, request, &err);
    say(status == 0 ? "changed" : err.text);
    cordon_request_free(request);
}

static int start(char **argv, struct cordon_container **ret_container, struct cordon_error *err)
{
    struct cordon_request *request = NULL;
    int status = ask(argv[4], &request, err);

    if (status == 0)
        status = cordon_request_set_workspace(request, argv[2], err);
    if (status == 0)
        status = cordon_request_set_events_file(request, argv[3], err);
    if (status == 0)
        status = cordon_request_set_command(request, (const char *const *)argv + 5, err);
    if (status == 0)
        status = cordon_spawn(request, ret_container, err);
    cordon_request_free(request);
    return status;
}

int main(int argc, char **argv)
{
    struct cordon_container *container = NULL;
    struct cordon_error err = {0};
    struct cordon_status status = {0};
    char line[4096];
    FILE *control;

    if (argc < 6)
        return 2;
    if (start(argv, &container, &err) < 0) {
        say(err.text);
        return 1;
    }
    say("started");
    control = fopen(argv[1], "re");
    while (control && fgets(line, sizeof(line), control)) {
        line[strcspn(line, "\n")] = '\0';
        change(container, line);
    }
    if (cordon_container_kill(container, &err) < 0 || cordon_container_wait(container, -1, &status, &err) < 0)
        say(err.text);
    cordon_container_free(container);
    return !control;
}
