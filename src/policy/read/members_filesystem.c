/* SPDX-License-Identifier: Apache-2.0 */
/* filesystem.* */
#include "policy/read/members.h"

static const struct member readwrite_item = {
    .type = VALUE_PATH_ITEM, .has_optional = true, .store = store_path, .detail = PATH_READWRITE};
static const struct member readonly_item = {.type = VALUE_PATH_GLOB,
                                            .has_optional = true,
                                            .store = store_path,
                                            .detail = PATH_READONLY};
static const struct member denied_item = {
    .type = VALUE_PATH_GLOB, .store = store_path, .detail = PATH_DENIED};
static const struct member protected_item = {
    .type = VALUE_PATH_ITEM, .store = store_path, .detail = PATH_PROTECTED};
static const struct member cache_item = {
    .type = VALUE_PATH_ITEM, .store = store_path, .detail = PATH_CACHE};
static const struct member unprotected_item = {.type = VALUE_PROTECTED,
                                               .store = store_list_item,
                                               .offset = offsetof(struct document, unprotected)};

static const struct member view_members[] = {
    {.name = "source",
     .type = VALUE_PATH,
     .description = "Object of the host",
     .is_required = true,
     .store = store_view_source},
    {.name = "target",
     .type = VALUE_PATH,
     .description = "Path under which it appears inside",
     .is_required = true,
     .store = store_view_target},
    {.name = "access",
     .type = VALUE_CHOICE,
     .description = "What may be done with it",
     .choices = (const char *const[]){"readonly", "readwrite", NULL},
     .store = store_view_access},
    {.name = "optional",
     .type = VALUE_BOOL,
     .description = "May be absent on the host",
     .store = store_view_optional},
    END,
};
static const struct member view_item = {
    .type = VALUE_MAP, .members = view_members, .open = store_view_open};

const struct member filesystem_members[] = {
    {.name = "readwritePaths",
     .type = VALUE_LIST,
     .description = "Files and directories that may be read and changed",
     .item = &readwrite_item,
     .open = store_grants_open},
    {.name = "readonlyPaths",
     .type = VALUE_LIST,
     .description = "Files and directories that may be read and executed",
     .item = &readonly_item,
     .open = store_grants_open},
    {.name = "deniedPaths",
     .type = VALUE_LIST,
     .description = "Files and directories that stay visible and shut",
     .item = &denied_item},
    {.name = "protectedPaths",
     .type = VALUE_LIST,
     .description = "Names that may be read but never created, changed, renamed or removed",
     .item = &protected_item},
    {.name = "unprotectedPaths",
     .type = VALUE_LIST,
     .description = "Built-in protected names that are given up, relative to a workspace",
     .item = &unprotected_item,
     .open = store_string_list_open,
     .offset = offsetof(struct document, unprotected)},
    {.name = "protectBuiltin",
     .type = VALUE_BOOL,
     .description = "Protect the built-in set of names below every writable workspace",
     SETTING(protect_builtin)},
    {.name = "cachePaths",
     .type = VALUE_LIST,
     .description = "Private directories, kept between runs of this policy in this workspace",
     .item = &cache_item,
     .open = store_grants_open},
    {.name = "views",
     .type = VALUE_LIST,
     .description = "Objects of the host that appear under another path",
     .item = &view_item,
     .open = store_grants_open},
    {.name = "toolchains",
     .type = VALUE_CHOICE,
     .description = "Make the directories of the caller's PATH below the home readable",
     .choices = (const char *const[]){"none", "inherit", NULL},
     SETTING(toolchains)},
    END,
};
