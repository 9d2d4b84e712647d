/* SPDX-License-Identifier: Apache-2.0 */
/* Where TLS is opened, the container's own authority stands where programs look; elsewhere nothing is touched. */
#include <unistd.h>

#include "fixture.h"

#define BUNDLE "/etc/ssl/certs/ca-certificates.crt"
#define SYSTEM "filesystem: {readonlyPaths: [/etc/ssl]}\n"
#define OPENED "network: {egress: {allow: [{to: [{host: example.org}], tls: terminate}]}}\n"
#define PASSED "network: {egress: {allow: [{to: [{host: example.org}]}]}}\n"

static struct fixture f;

static void need_bundle(void)
{
    if (access(BUNDLE, F_OK) < 0)
        test_skip("ca-certificates");
}

TEST(a_bundle_that_is_shown_becomes_one_with_the_containers_authority)
{
    const struct plan_mount *mount;

    need_bundle();
    fixture_open(&f);
    accept_text(&f, SYSTEM OPENED);
    mount = mount_at(&f, BUNDLE);
    check(mount && mount->kind == PLAN_FILE && mount->content == PLAN_AUTHORITIES);
    check(plan_has_content(f.plan, PLAN_AUTHORITIES));
    check(has_environment(f.plan, "SSL_CERT_FILE=" BUNDLE));
    check(has_environment(f.plan, "NODE_EXTRA_CA_CERTS=" BUNDLE));
    check(!mount_at(&f, "/run/cordon/authorities.pem"));
    plan_put_content(f.plan, PLAN_AUTHORITIES, "a\0b", 3);
    check_int(mount->source_size, 3);
    check_int(mount->source[2], 'b');
    fixture_close(&f);
}

TEST(without_a_bundle_there_is_one_of_the_plans_own_for_the_variables)
{
    const struct plan_mount *mount;

    fixture_open(&f);
    accept_text(&f, OPENED);
    mount = mount_at(&f, "/run/cordon/authorities.pem");
    check(mount && mount->kind == PLAN_FILE && mount->content == PLAN_AUTHORITIES);
    check(!mount_at(&f, BUNDLE));
    check(has_environment(f.plan, "SSL_CERT_FILE=/run/cordon/authorities.pem"));
    fixture_close(&f);
}

TEST(where_no_tls_is_opened_bundles_and_variables_are_the_hosts)
{
    need_bundle();
    fixture_open(&f);
    accept_text(&f, SYSTEM PASSED);
    check(!mount_at(&f, BUNDLE) && !mount_at(&f, "/run/cordon/authorities.pem"));
    check(!plan_has_content(f.plan, PLAN_AUTHORITIES) && !plan_has_content(f.plan, PLAN_JAVA_STORE));
    for (size_t i = 0; i < f.plan->env_count; i++)
        check(strncmp(f.plan->env[i], "SSL_CERT_FILE=", 14) != 0);
    fixture_close(&f);
}

TEST(a_variable_of_the_policy_stays_and_one_of_the_caller_does_not)
{
    static const char *const environment[] = {"SSL_CERT_FILE=/host.pem", "PIP_CERT=/host.pem", NULL};

    fixture_open(&f);
    f.options.caller_env = environment;
    accept_text(&f, "environment: {inherit: [SSL_CERT_FILE, PIP_CERT], set: {PIP_CERT: /mine.pem}}\n" OPENED);
    check(has_environment(f.plan, "PIP_CERT=/mine.pem"));
    check(has_environment(f.plan, "SSL_CERT_FILE=/run/cordon/authorities.pem"));
    check(!has_environment(f.plan, "SSL_CERT_FILE=/host.pem"));
    accept_text(&f, "environment: {inherit: [SSL_CERT_FILE]}\n" PASSED);
    check(has_environment(f.plan, "SSL_CERT_FILE=/host.pem"));
    fixture_close(&f);
}

TEST(a_bundle_that_is_denied_stays_denied)
{
    need_bundle();
    fixture_open(&f);
    accept_text(&f, "filesystem: {readonlyPaths: [/etc/ssl], deniedPaths: [" BUNDLE "]}\n" OPENED);
    check_string(what_is_at(&f, BUNDLE), "mask");
    check(has_environment(f.plan, "SSL_CERT_FILE=/run/cordon/authorities.pem"));
    fixture_close(&f);
}
