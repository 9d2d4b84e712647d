/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the network the kernel can be made to have. Trying costs a namespace and the gateway's own netlink, which tries it
 * at the start anyway and says so; here only what is surely missing is found: the kernel's own list of its modules is there,
 * and names it neither as built in nor as one that can be loaded.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "tier/process/process.h"

#define MODULES_MAX ((size_t)16 << 20)

/* 1, 0, or -1: there is no such list. */
static int list_names(const char *release, const char *list, const char *module)
{
    char path[256];
    auto_free char *text = NULL;
    size_t size;

    snprintf(path, sizeof(path), "/lib/modules/%s/%s", release, list);
    if (file_read(path, MODULES_MAX, &text, &size, NULL) < 0)
        return -1;
    return strstr(text, module) != NULL;
}

void process_probe_tproxy(struct facts *facts)
{
    struct utsname name;
    int built_in, loadable;

    if (access("/sys/module/nft_tproxy", F_OK) == 0 || uname(&name) < 0)
        return;
    built_in = list_names(name.release, "modules.builtin", "/nft_tproxy.ko");
    loadable = list_names(name.release, "modules.dep", "/nft_tproxy.ko");
    facts->no_tproxy = built_in == 0 && loadable == 0;
    if (facts->no_tproxy)
        snprintf(facts->tproxy_why, sizeof(facts->tproxy_why),
                 "kernel %.60s has no nft_tproxy, which leads connections to the gateway (CONFIG_NFT_TPROXY)", facts->kernel);
}
