/* SPDX-License-Identifier: Apache-2.0 */
/* Records as Linux 6.18 wrote them, and what a program might want to smuggle into one. */
#include "sensor/record.h"

#include <string.h>

#include "test.h"

static bool take(unsigned type, const char *text, struct audit_record *record)
{
    return record_read(type, text, strlen(text), record);
}

TEST(a_refused_file_is_told_with_path_and_inode)
{
    struct audit_record record;

    check(take(1423, "audit(1795379113.070:1971): domain=1bca22f1c blockers=fs.read_file path=\"/etc/shadow\" dev=\"vda\" ino=409697", &record));
    check_int(record.kind, RECORD_DENIED);
    check_int(record.serial, 1971);
    check(record.domain == 0x1bca22f1cull);
    check_int(record.operation, OPERATION_READ);
    check_string(record.right, "fs.read_file");
    check_string(record.path, "/etc/shadow");
    check_string(record.device, "\"vda\"");
    check_int(record.inode, 409697);
    check(record.has_path && !record.is_of_parent && !record.has_address);
}

TEST(a_name_that_was_to_be_made_is_known_by_its_directory_alone)
{
    struct audit_record record;

    check(take(1423, "audit(1.070:1): domain=2 blockers=fs.make_dir path=\"/tmp/sens\" dev=\"vda\" ino=11", &record));
    check(record.operation == OPERATION_CREATE && record.is_directory && record.is_of_parent);
    check(take(1423, "audit(1.070:1): domain=2 blockers=fs.remove_file,fs.refer path=\"/tmp/sens\" dev=\"vda\" ino=11", &record));
    check(record.operation == OPERATION_RENAME && record.is_of_parent);
    check_string(record.right, "fs.remove_file");
    check(take(1423, "audit(1.070:1): domain=2 blockers=fs.remove_file path=\"/tmp/sens\" dev=\"vda\" ino=11", &record));
    check_int(record.operation, OPERATION_DELETE);
    check(take(1423, "audit(1.070:1): domain=2 blockers=fs.execute,fs.refer path=\"/tmp/sens\" dev=\"vda\" ino=11", &record));
    check(record.operation == OPERATION_RENAME && record.is_of_parent && !record.is_directory);
}

/* O_TMPFILE: the kernel has opened it already and calls it by its number. */
TEST(a_file_without_a_name_is_known_by_its_directory_alone)
{
    struct audit_record record;

    check(take(1423, "audit(1.070:1): domain=2 blockers=fs.write_file path=2F746D702F2339393533202864656C6574656429 dev=\"vda\" ino=9953", &record));
    check(record.operation == OPERATION_CREATE && record.is_of_parent);
    check_string(record.path, "/tmp");
    check_int((int)record.path_length, 4);
    check(take(1423, "audit(1.070:1): domain=2 blockers=fs.write_file path=2F2339393533202864656C6574656429 dev=\"vda\" ino=9953", &record));
    check_string(record.path, "/");
    check(take(1423, "audit(1.070:1): domain=2 blockers=fs.write_file path=2F746D702F2339393533202864656C6574656429 dev=\"vda\" ino=9954", &record));
    check(record.operation == OPERATION_WRITE && !record.is_of_parent);
    check_string(record.path, "/tmp/#9953 (deleted)");
    check(take(1423, "audit(1.070:1): domain=2 blockers=fs.read_file path=2F746D702F2339393533202864656C6574656429 dev=\"vda\" ino=9953", &record));
    check_int(record.operation, OPERATION_READ);
}

TEST(addresses_processes_and_domains_are_told)
{
    struct audit_record record;

    check(take(1423, "audit(1.1:7): domain=a blockers=net.connect_tcp daddr=127.0.0.1 dest=8080", &record));
    check(record.operation == OPERATION_CONNECT && record.has_address && record.port == 8080 && !record.has_path);
    check_string(record.address, "127.0.0.1");
    check(take(1423, "audit(1.1:7): domain=a blockers=scope.signal opid=378 ocomm=\"python3\"", &record));
    check(record.operation == OPERATION_SIGNAL && record.pid == 378);
    check(take(1424, "audit(1.1:8): domain=a status=allocated mode=enforcing pid=426 uid=1000 exe=\"/tmp/deny\" comm=\"deny\"", &record));
    check(record.kind == RECORD_DOMAIN_NEW && record.pid == 426 && record.uid == 1000);
    check(take(1424, "audit(1.1:9): domain=a status=deallocated denials=17", &record));
    check(record.kind == RECORD_DOMAIN_END && record.denials == 17);
    check(take(1300, "audit(1.1:9): arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c ppid=1 pid=77 auid=4294967295 uid=0 exe=\"/usr/bin/cat\" subj=x key=(null)", &record));
    check(record.kind == RECORD_CALL && record.pid == 77 && record.result == -13);
    check_string(record.exe, "/usr/bin/cat");
    check(take(1320, "audit(1.1:9): ", &record) && record.kind == RECORD_LAST);
    check(take(1327, "audit(1.1:9): proctitle=\"x\"", &record) && record.kind == RECORD_OTHER);
}

TEST(a_path_with_a_quote_and_control_characters_is_itself)
{
    struct audit_record record;

    check(take(1423, "audit(1.1:7): domain=a blockers=fs.read_file path=2F746D702F73656E732F77652269726420016E616D65 dev=\"vda\" ino=1", &record));
    check_string(record.path, "/tmp/sens/we\"ird \001name");
}

TEST(what_stands_in_a_path_is_never_taken_for_a_member)
{
    struct audit_record record;

    check(take(1423, "audit(1.1:7): domain=a blockers=fs.read_file path=\"/x domain=b blockers=ptrace opid=1\" dev=\"vda\" ino=5", &record));
    check(record.domain == 0xa && record.operation == OPERATION_READ && record.pid == 0 && record.inode == 5);
}

TEST(what_is_no_record_is_not_taken_for_one)
{
    static const struct {
        unsigned type;
        const char *text;
    } rows[] = {
        {1423, ""}, {1423, "audit"}, {1423, "audit(1.1:): domain=a blockers=ptrace"}, {1423, "audit(1.1:7) domain=a blockers=ptrace"},
        {1423, "audit(1.1:7): blockers=ptrace"}, {1423, "audit(1.1:7): domain=a"}, {1423, "audit(1.1:7): domain=xyz blockers=ptrace"},
        {1423, "audit(1.1:7): domain=11112222333344445 blockers=ptrace"}, {1423, "audit(1.1:7): domain=a blockers="},
        {1423, "audit(1.1:7): domain=a blockers=fs.read_file path=2F7"}, {1423, "audit(1.1:7): domain=a blockers=fs.read_file path=2F00"},
        {1423, "audit(1.1:7): domain=a blockers=net.bind_tcp src=65536"}, {1423, "audit(99999999999999999999:99999999999999999999999): domain=a blockers=ptrace"},
        {1424, "audit(1.1:8): domain=a status=allocated pid=x"}, {1424, "audit(1.1:8): status=deallocated denials=1"},
        {1300, "audit(1.1:8): exit=-13"}, {1300, "audit(1.1:8): exit=- pid=7"},
    };
    struct audit_record record;

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        check(!take(rows[i].type, rows[i].text, &record));
        check_int(record.kind, RECORD_OTHER);
    }
}

TEST(a_path_as_long_as_can_be_fits_and_a_longer_one_is_no_record)
{
    static char text[3 * PATH_MAX];
    struct audit_record record;
    int length = snprintf(text, sizeof(text), "audit(1.1:7): domain=a blockers=fs.read_file path=\"");

    memset(text + length, 'x', PATH_MAX - 1);
    strcpy(text + length + PATH_MAX - 1, "\" dev=\"vda\" ino=5");
    check(take(1423, text, &record) && record.path_length == PATH_MAX - 1 && record.inode == 5);
    memset(text + length, 'x', PATH_MAX);
    strcpy(text + length + PATH_MAX, "\" dev=\"vda\" ino=5");
    check(!take(1423, text, &record));
}

TEST(a_right_of_a_later_kernel_is_a_refusal_without_a_name_of_ours)
{
    struct audit_record record;

    check(take(1423, "audit(1.1:7): domain=a blockers=fs.newright path=\"/x\" dev=\"vda\" ino=5", &record));
    check(record.kind == RECORD_DENIED && record.operation == OPERATION_NONE);
    check_string(record.right, "fs.newright");
}

TEST(a_call_and_its_names_are_told)
{
    static struct audit_record record;

    check(take(1300, "audit(1.1:9): arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c a1=7ffc a2=80241 a3=1b6 items=2 ppid=1 pid=77 auid=700002 "
                     "uid=0 tty=(none) ses=3 comm=\"cat\" exe=\"/usr/bin/cat\" subj=/usr/sbin/ntpd (enforce) key=\"cordon-sensor\"", &record));
    check(record.is_native && record.call == 257 && record.login_uid == 700002 && record.arguments[2] == 0x80241 && record.arguments[0] == 0xffffff9c);
    check(take(1300, "audit(1.1:9): arch=40000003 syscall=5 exit=-13 pid=77 exe=(null) key=(null)", &record));
    check(!record.is_native && record.login_uid == ~0u && !record.exe[0]);
    check(take(1307, "audit(1.1:9): cwd=\"/home/x\"", &record) && record.kind == RECORD_WHERE);
    check_string(record.path, "/home/x");
    check(take(1302, "audit(1.1:9): item=0 name=\"/etc\" inode=12 dev=fe:00 mode=040755 ouid=0 nametype=PARENT cap_fp=0", &record));
    check(record.kind == RECORD_OBJECT && record.is_of_parent && record.has_path && record.inode == 12);
    check(take(1302, "audit(1.1:9): item=1 name=(null) nametype=CREATE", &record) && !record.has_path && !record.is_of_parent);
    check(take(1302, "audit(1.1:9): item=1 name=6120226E616D65743D22 nametype=CREATE", &record));
    check_string(record.path, "a \"namet=\"");
    check(take(1306, "audit(1.1:9): saddr=020000357F0000010000000000000000", &record) && record.kind == RECORD_PEER && record.has_address);
    check_string(record.address, "127.0.0.1");
    check_int(record.port, 53);
    check(take(1306, "audit(1.1:9): saddr=01002F72756E2F7800", &record) && record.has_path && !record.has_address);
    check_string(record.path, "/run/x");
    check(take(1306, "audit(1.1:9): saddr=02", &record) && !record.has_address && !record.has_path);
    check(!take(1306, "audit(1.1:9): saddr=0Z000035", &record));
}

/* A name cannot end its value and begin another: what has a quote or a blank comes as digits, and a bare one is no value. */
TEST(a_name_says_nothing_beside_itself)
{
    static struct audit_record record;

    check(take(1300, "audit(1.1:9): exit=-13 pid=77 auid=5 comm=\"x\" exe=\"/tmp/pid=1 auid=0\"", &record));
    check(record.pid == 77 && record.login_uid == 5);
    check_string(record.exe, "/tmp/pid=1 auid=0");
    check(take(1300, "audit(1.1:9): exit=-13 pid=77 auid=5 comm=612220617569643D30 exe=\"/x\"", &record) && record.login_uid == 5);
    check(take(1302, "audit(1.1:9): item=0 name=\"nametype=PARENT\" inode=1 nametype=NORMAL", &record) && !record.is_of_parent);
}

TEST(a_change_of_what_is_recorded_is_told)
{
    static struct audit_record record;

    check(take(1305, "audit(1.1:9): auid=0 ses=1 subj=unconfined op=add_rule key=\"mine\" list=4 res=1", &record));
    check(record.kind == RECORD_CHANGE && record.is_rule && !record.is_ours && !record.is_switch);
    check(take(1305, "audit(1.1:9): op=add_rule key=\"cordon-sensor\" list=4 res=1", &record) && record.is_rule && record.is_ours);
    check(take(1305, "audit(1.1:9): op=set audit_enabled=0 old=1 auid=0 ses=1 res=1", &record) && record.is_switch && !record.is_on);
    check(take(1305, "audit(1.1:9): op=set audit_enabled=0 old=1 auid=0 ses=1 res=0", &record) && !record.is_switch);
    check(take(1305, "audit(1.1:9): op=remove_rule key=(null) list=4 res=1", &record) && !record.is_rule);
}
