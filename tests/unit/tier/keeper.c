/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper of names, with plans made by hand. Each script prints what went through; what must not is written beside
 * what must, so that a keeper that refuses everything fails as well.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "plan.h"
#include "test.h"

static struct hand_plan hand;
static char output[65536];
static struct tier_status status;
static struct error err;
static char workspace[] = "/tmp/cordon-unit-XXXXXX";

static const struct plan_name patterns[] = {
    {"/ws/**/.env", PLAN_NAME_KEPT, NULL},         {"/ws/**/.git/hooks/**", PLAN_NAME_KEPT, NULL},
    {"/ws/**/.git/config", PLAN_NAME_OLD, NULL},   {"/ws/src/*.pem", PLAN_NAME_KEPT, NULL},
    {"/ws/later/settings", PLAN_NAME_KEPT, NULL},  {"/ws/**/config", PLAN_NAME_PART, NULL},
    {"/ws/**/objects", PLAN_NAME_PART, NULL},      {"/ws/**/refs", PLAN_NAME_PART, NULL},
    {"/ws/**/config.worktree", PLAN_NAME_NOTED, NULL},
};

static void host(const char *command)
{
    char text[1024];

    snprintf(text, sizeof(text), "cd %s && { %s; }", workspace, command);
    check_int(system(text), 0);
}

/* A workspace that `prepare` fills on the host, then the script inside. */
static void keep(const char *prepare, const char *script)
{
    strcpy(workspace, "/tmp/cordon-unit-XXXXXX");
    check(test_make_directory(workspace) != NULL);
    host(prepare);
    hand_plan_init(&hand, workspace);
    hand.plan.names = (struct plan_name *)patterns;
    hand.plan.name_count = ARRAY_COUNT(patterns);
    hand.plan.filter.keeps_names = true;
    hand.plan.cwd = "/ws";
    check_int(hand_run(&hand, script, &status, output, sizeof(output), &err), 0);
    check_int(status.end, TIER_EXITED);
}

static void done(void)
{
    host("rm -rf \"$PWD\"");
}

TEST(a_kept_name_does_not_appear_by_any_call)
{
    keep("mkdir sub; echo 1 >plain", "try() { \"$@\" 2>/dev/null && echo through: \"$@\"; }\n"
                                     "sh -c 'echo 1 >.env' 2>/dev/null && echo through: open\n"
                                     "try mkdir .env; try mkdir -p a/b/.env; try ln plain .env; try ln -s plain sub/.env\n"
                                     "try mv plain sub/.env; try mkfifo .env; try cp plain sub/.env; try touch .env\n"
                                     "try mkdir -p x/.git; try mkdir x/.git/hooks; touch x/.git/plain && echo fine");
    check_string(output, "through: mkdir -p x/.git\nfine\n");
    host("test ! -e .env -a ! -e sub/.env -a ! -e a/b/.env -a ! -e x/.git/hooks");
    done();
}

TEST(what_exists_under_a_kept_name_stays_as_it_is)
{
    keep("mkdir -p r/.git/hooks; echo hook >r/.git/hooks/pre; echo plain >r/plain",
         "try() { \"$@\" 2>/dev/null && echo through: \"$@\"; }\n"
         "h=r/.git/hooks/pre\n"
         "for f in $h r/plain; do sh -c \"echo x >>$f\" 2>/dev/null && echo through: write $f; done\n"
         "try cat $h; try rm -f $h; try mv $h r/x; try mv r/plain $h; try ln $h r/y; try chmod 700 $h; try truncate -s 0 $h\n"
         "try mv r/.git/hooks r/z; try mv r/.git r/.git2; try rmdir r/.git/hooks; try mv r s; try cat s/.git/hooks/pre");
    check_string(output, "through: write r/plain\nhook\nthrough: cat r/.git/hooks/pre\nthrough: mv r s\nhook\n"
                         "through: cat s/.git/hooks/pre\n");
    host("test \"$(cat s/.git/hooks/pre)\" = hook");
    done();
}

TEST(a_directory_is_not_renamed_into_or_out_of_a_pattern)
{
    keep("mkdir src; echo 1 >src/a.pem",
         "try() { \"$@\" 2>/dev/null && echo through: \"$@\"; }\n"
         "try mv src other; mkdir d; echo 1 >d/settings; try mv d later; rm d/settings; try mv d later\n"
         "mkdir e; echo 1 >e/key.pem; mkdir f; try mv e/key.pem f/key.pem; try mv f/key.pem src/b.pem; try mv f g\n"
         "mkdir -p n/hooks; echo 1 >n/hooks/pre; try mv n .git; try mv n m");
    check_string(output, "through: mv d later\nthrough: mv e/key.pem f/key.pem\nthrough: mv f g\nthrough: mv n m\n");
    done();
}

TEST(an_old_file_stays_and_a_new_one_of_its_name_may_be_made)
{
    keep("mkdir -p old/.git new; echo old >old/.git/config",
         "try() { \"$@\" 2>/dev/null && echo through: \"$@\"; }\n"
         "mkdir new/.git; echo 1 >new/.git/config.lock; try mv new/.git/config.lock new/.git/config\n"
         "echo 2 >>new/.git/config; cat new/.git/config; echo 3 >old/.git/config.lock\n"
         "try mv old/.git/config.lock old/.git/config; try rm -f old/.git/config; try mv old/.git x; cat old/.git/config");
    check_string(output, "through: mv new/.git/config.lock new/.git/config\n1\n2\nold\n");
    done();
}

TEST(the_program_s_view_of_its_calls_is_unchanged)
{
    keep("mkdir sub; echo text >file; ln -s file link; ln -s gone dangling",
         "exec 2>&1; umask 027; echo 1 >made; stat -c %a made; (umask 0; mkdir wide; stat -c %a wide)\n"
         "echo through >link; cat file; echo 2 >dangling; cat gone; (set -C; echo 3 >file) 2>/dev/null || echo exists\n"
         "echo on >/dev/stdout; echo on >/dev/fd/1; echo null >/dev/null; echo 300 >/proc/self/oom_score_adj && echo adj\n"
         "cd sub; echo rel >../rel; cat ../rel; cd ..; rmdir sub; test ! -e sub && echo gone; mkdir made 2>/dev/null || echo is\n"
         "mkfifo pipe; (cat pipe >got) & echo word >pipe; wait; cat got; rm -r wide; (echo x >dir/) 2>/dev/null || echo no");
    check_string(output, "640\n777\nthrough\n2\nexists\non\non\nadj\nrel\ngone\nis\nword\nno\n");
    done();
}

TEST(a_file_that_was_just_written_can_be_executed)
{
    keep("true", "perl -e 'for (1 .. 200) { sysopen(F, \"x$_\", 0101, 0755) or die; print F \"#!/bin/true\\n\"; close F;\n"
                 "system(\"./x$_\") == 0 or die \"$_: $!\" } print \"ran\\n\"' 2>&1");
    check_string(output, "ran\n");
    done();
}

TEST(a_link_on_the_way_does_not_hide_a_kept_name)
{
    keep("mkdir -p r/.git; ln -s r/.git git; ln -s .env env", "try() { \"$@\" 2>/dev/null && echo through: \"$@\"; }\n"
                                                           "try mkdir git/hooks; sh -c 'echo 1 >env' 2>/dev/null && echo open\n"
                                                           "cd r/.git; try mkdir hooks; try mkdir ../.git/hooks; try mkdir $PWD/./hooks\n"
                                                           "sh -c 'exec 9<.; echo 1 >/proc/self/fd/9/hooks' 2>/dev/null && echo fd; touch t && echo fine");
    check_string(output, "fine\n");
    host("test ! -e r/.git/hooks -a ! -e .env");
    done();
}

TEST(other_processes_files_in_proc_are_not_opened_on_behalf)
{
    keep(":", "cat /proc/1/comm; for f in /proc/1/mem /proc/$PPID/mem /proc/$$/comm /proc/sys/kernel/hostname; do\n"
              "sh -c \"echo x >$f\" 2>/dev/null && echo through: $f; done; sh -c 'echo x >/proc/1/comm'; cat /proc/1/comm\n"
              "echo mine >/proc/self/comm && cat /proc/self/comm");
    check_string(output, "cordon-init\ncordon-init\ncat\n");
    done();
}

/* The keeper is process 1, and could follow these where the caller cannot. */
TEST(what_process_1_holds_is_not_changed_through_its_descriptors)
{
    keep(":", "for n in 0 1 2 3 4 5 6 7 8 9 10 11 12; do for p in /proc/1 /proc//1 /proc/./1 /proc/1/task/1; do for t in m/file m/directory r p; do\n"
              "chmod 777 $p/fd/$n/$t 2>/dev/null && echo changed $p/fd/$n/$t; mkdir $p/fd/$n/$t/x 2>/dev/null && echo made $p/fd/$n/$t/x\n"
              "done; done; done; mkdir made && chmod 700 made && echo tried");
    check_string(output, "tried\n");
    done();
}

/* A debugger's way to its child's memory; process 1 and relatives are not the child's. */
TEST(a_process_reaches_its_child_s_entries_in_proc_and_not_its_parent_s)
{
    keep(":", "sleep 60 & for f in /proc/$!/oom_score_adj /proc/$!/mem; do (exec 9<>$f) 2>/dev/null && echo child; done\n"
              "sh -c 'for f in /proc/$PPID/mem; do (exec 9<>$f) 2>/dev/null && echo parent; done'; kill $!");
    check(strncmp(output, "child\nchild\n", 12) == 0);
    done();
}

TEST(a_program_finds_landlock_switched_off)
{
    static const char script[] = "python3 -c 'import ctypes; l=ctypes.CDLL(None, use_errno=True); "
                                 "r=l.syscall(444, 0, 0, 1); print(r, ctypes.get_errno())'";

    keep(":", script);
    check_string(output, "-1 95\n");
    hand_plan_init(&hand, NULL);
    check_int(hand_run(&hand, script, &status, output, sizeof(output), &err), 0);
    check(!hand.plan.landlock_files || strncmp(output, "-1 95", 5) != 0); /* a kernel without it says the same */
    done();
}

TEST(a_pipe_that_was_given_for_reading_is_not_opened_for_writing)
{
    keep(":", "exec 2>/dev/null; echo in | { (echo forged >/proc/self/fd/0) && echo through; (echo forged >/dev/stdin) && echo again\n"
              "cat; }; echo out | cat >/dev/stdout; { echo named >/dev/fd/3; } 3>&1 | cat");
    check_string(output, "in\nout\nnamed\n");
    done();
}

TEST(permissions_are_kept_through_a_descriptor_as_well)
{
    keep("mkdir -p r/.git/hooks; echo 1 >r/.git/hooks/pre; echo 1 >plain; chmod 600 plain r/.git/hooks/pre",
         "python3 -c 'import os\n"
         "for f in (\"plain\", \"r/.git/hooks/pre\"):\n"
         "  d = os.open(f, os.O_RDONLY)\n"
         "  try: os.fchmod(d, 0o755); print(f)\n"
         "  except PermissionError: pass\n"
         "p = os.pipe(); os.fchmod(p[0], 0o600); print(\"pipe\")'; stat -c %a plain r/.git/hooks/pre");
    check_string(output, "plain\npipe\n755\n600\n");
    done();
}

TEST(the_keeper_s_own_thread_is_not_opened_under_its_own_number)
{
    keep(":", "for t in /proc/2 /proc/1/task/2; do for f in mem maps comm; do\n"
              "python3 -c 'import os, sys; os.open(sys.argv[1], os.O_RDONLY | os.O_CREAT); print(sys.argv[1])' $t/$f 2>&1 |\n"
              "tail -n 1; done; done");
    check(strstr(output, "PermissionError: [Errno 13] Permission denied: '/proc/2/mem'") != NULL);
    check(strstr(output, "PermissionError: [Errno 13] Permission denied: '/proc/2/maps'") != NULL);
    check(strstr(output, "PermissionError: [Errno 13] Permission denied: '/proc/2/comm'") != NULL);
    check(strstr(output, "\n/proc/1/task/2/comm\n") != NULL); /* that is the caller itself */
    done();
}

TEST(what_self_means_is_the_caller_wherever_it_stands_in_a_path)
{
    keep("mkdir a b", "cd a; mkdir ../b/elsewhere; echo 1 >/proc/self/cwd/here; echo 2 >/proc/thread-self/cwd/there; cd ..\n"
                      "ls a b; python3 -c 'import os, threading, time\n"
                      "t = threading.Thread(target=time.sleep, args=(1,)); t.start()\n"
                      "open(\"/proc/self/task/%d/comm\" % t.native_id, \"w\").write(\"named\"); print(\"thread\")'");
    check_string(output, "a:\nhere\nthere\n\nb:\nelsewhere\nthread\n");
    done();
}

/* Judged in one directory, made in another: a name through the keeper's own directory, or the caller's by a magic link. */
TEST(a_socket_is_bound_where_it_was_judged)
{
    keep("mkdir -p tmp r/.git",
         "python3 -c 'import os, socket\n"
         "def bind(path):\n"
         "  s = socket.socket(socket.AF_UNIX)\n"
         "  try: s.bind(path); print(\"through\", path, s.getsockname() == path)\n"
         "  except OSError: pass\n"
         "os.mkdir(\"/ws/tmp/x\"); os.chdir(\"/ws/r/.git\")\n"
         "for p in (\"/proc/thread-self/cwd/hooks\", \"/proc/self/cwd/hooks\", \"hooks\", \"./hooks\", \"../.git/hooks\"): bind(p)\n"
         "bind(\"/ws/tmp/s\"); bind(\"../sock\"); s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(\"inet\")'");
    check_string(output, "through /ws/tmp/s True\nthrough ../sock True\ninet\n");
    host("test ! -e r/.git/hooks -a -S tmp/s -a -S r/sock");
    done();
}

TEST(a_set_group_id_bit_is_for_directories_only)
{
    keep("mkdir d; echo >f; chmod 755 f", "try() { \"$@\" 2>/dev/null && echo through: \"$@\"; }\n"
                                        "try chmod 2755 d; try chmod 2755 f; try chmod u+s d; try chmod g+s f; mkdir d/e; stat -c %a d d/e f\n"
                                        "cp -a d g && stat -c %a g; ln -s f l; try chmod 2755 l; try chmod 2711 d/e; stat -c %a d/e f");
    check_string(output, "through: chmod 2755 d\n2755\n2755\n755\n2755\nthrough: chmod 2711 d/e\n2711\n755\n");
    host("test $(stat -c %a f) = 755 -a $(stat -c %a d) = 2755");
    done();
}

/* The kernel's own rule, where this machine has it: what somebody else put into a sticky directory is not opened with O_CREAT. */
TEST(what_others_put_into_a_sticky_directory_is_not_opened_by_a_call_that_may_create)
{
    bool is_on;

    if (geteuid() != 0)
        test_skip("root");
    is_on = system("grep -q '^[12]' /proc/sys/fs/protected_regular") == 0;
    keep("mkdir s p; chmod 1777 s; for d in s p; do echo 1 >$d/theirs; chown 12345 $d/theirs; chmod 666 $d/theirs; done; echo 1 >s/mine",
         "exec 2>/dev/null; (echo 2 >s/theirs) && echo through; (echo 2 >s/mine) && echo mine; (echo 2 >p/theirs) && echo plain\n"
         "(dd if=/dev/null of=s/theirs conv=nocreat,notrunc) && echo without; cat s/theirs s/mine p/theirs");
    check_string(output, is_on ? "mine\nplain\nwithout\n1\n2\n2\n" : "through\nmine\nplain\nwithout\n2\n2\n2\n");
    done();
}

/* As the kernel has it where the setting is on; a file in its place says so here. Where it is off the link is followed. */
TEST(a_link_that_others_put_into_a_sticky_directory_is_not_followed)
{
    char setting[64];
    /* where the kernel itself has it on, it cannot be had without */
    bool is_kernels = system("grep -q 1 /proc/sys/fs/protected_symlinks") == 0;

    if (geteuid() != 0)
        test_skip("root");
    for (int is_on = is_kernels; is_on < 2; is_on++) {
        strcpy(workspace, "/tmp/cordon-unit-XXXXXX");
        check(test_make_directory(workspace) != NULL);
        host("mkdir s p; chmod 1777 s; echo 1 >t; for l in s/theirs s/mine p/theirs; do ln -s ../t $l; done\n"
             "chown -h 12345 s/theirs p/theirs; ln -s s/theirs to-theirs");
        host(is_on ? "echo 1 >setting" : "echo 0 >setting");
        hand_plan_init(&hand, workspace);
        snprintf(setting, sizeof(setting), "%s/setting", workspace);
        hand_plan_add(&hand, PLAN_BIND, "/proc/sys/fs/protected_symlinks", setting, false);
        hand.plan.names = (struct plan_name *)patterns;
        hand.plan.name_count = 1;
        hand.plan.filter.keeps_names = true;
        hand.plan.cwd = "/ws";
        check_int(hand_run(&hand,
                           "exec 2>/dev/null; for l in s/theirs to-theirs s/mine p/theirs; do echo $l; (echo 2 >>$l) && echo w\n"
                           "truncate -s 2 $l && echo t; chmod 640 $l && echo m; done",
                           &status, output, sizeof(output), &err),
                  0);
        check_string(output, is_on ? "s/theirs\nto-theirs\ns/mine\nw\nt\nm\np/theirs\nw\nt\nm\n"
                                   : "s/theirs\nw\nt\nm\nto-theirs\nw\nt\nm\ns/mine\nw\nt\nm\np/theirs\nw\nt\nm\n");
        done();
    }
}

/* As many as a build may have; and other calls go on meanwhile. */
TEST(many_openings_may_wait_for_their_other_sides)
{
    keep("mkfifo pipe", "i=0; while [ $i -lt 100 ]; do echo word >pipe & i=$((i+1)); done\n"
                        "i=0; while [ $i -lt 300 ]; do mkdir d$i; i=$((i+1)); done\n"
                        "exec 3<pipe; wait; head -n 100 <&3 | sort | uniq -c | tr -d ' '; ls -d d* | wc -l");
    check_string(output, "100word\n300\n");
    done();
}

/*
 * A reader that would make the FIFO if it were not there waits for who writes, and others are served meanwhile; it goes
 * on when who writes has not said a word, or was gone again before anybody looked.
 */
TEST(an_opening_for_reading_that_may_create_waits_for_who_writes)
{
    keep("mkfifo a b c d",
         "r='use Fcntl; sysopen(F, $ARGV[0], O_RDONLY|O_CREAT, 0600) or die $!; open(G, \">\", \"opened-$ARGV[0]\"); print <F>'\n"
         "for p in a b c d; do perl -e \"$r\" $p >got-$p & done\n"
         "i=0; while [ $i -lt 300 ]; do mkdir d$i; i=$((i+1)); done; ls opened-* 2>/dev/null; ls -d d[0-9]* | wc -l\n"
         "exec 3>a; while [ ! -e opened-a ]; do :; done; echo word >&3; exec 3>&-\n" /* says nothing before it is heard */
         ": >b; while [ ! -e opened-b ]; do :; done\n"
         "echo word >c; until perl -e 'use Fcntl; exit !sysopen(F, \"d\", O_WRONLY|O_NONBLOCK)'; do :; done; wait\n"
         "cat got-a got-b got-c got-d; ls opened-*");
    check_string(output, "300\nword\nword\nopened-a\nopened-b\nopened-c\nopened-d\n");
    done();
}

TEST(an_opening_for_reading_that_does_not_wait_or_has_somebody_to_hear_goes_on_at_once)
{
    keep("mkfifo pipe; echo text >file",
         "exec 2>/dev/null; perl -e 'use Fcntl; $| = 1; sysopen(F, \"pipe\", O_RDONLY|O_CREAT|O_NONBLOCK) "
         "or die $!; print \"empty\\n\"; sysopen(G, \"pipe\", O_WRONLY) or die $!; syswrite(G, \"word\\n\");\n"
         "sysopen(H, \"pipe\", O_RDONLY|O_CREAT) or die $!; print scalar <H>; sysopen(I, \"file\", O_RDONLY|O_CREAT) or die $!;\n"
         "print <I>; close G; alarm 1; sysopen(J, \"pipe\", O_RDONLY|O_CREAT); print \"went on\\n\"'; [ $? = 142 ] && echo waits");
    check_string(output, "empty\nword\ntext\nwaits\n");
    done();
}

/* A caller that dies while it waits leaves nothing behind that others would take for a reader. */
TEST(a_reader_that_was_killed_while_it_waited_is_none_any_more)
{
    keep("mkfifo pipe",
         "perl -e 'use Fcntl; sysopen(F, \"pipe\", O_RDONLY|O_CREAT)' & p=$!\n"
         "w='use Fcntl; exit !sysopen(F, \"pipe\", O_WRONLY|O_NONBLOCK)'\n"
         "cat /proc/$p/wchan >/dev/null; kill -9 $p; wait $p 2>/dev/null; i=0\n"
         "while perl -e \"$w\" && [ $i -lt 500 ]; do i=$((i+1)); done; [ $i -lt 500 ] && echo none");
    check_string(output, "none\n");
    done();
}

/* No mount keeps the kernel from writing to a FIFO, and Landlock's rule of the workspace reaches into what is mounted there. */
TEST(a_pipe_in_a_read_only_tree_is_read_and_not_written)
{
    const char *tries = "import os\n"
                        "def t(p, f):\n"
                        "  try: os.close(os.open(p, f | os.O_NONBLOCK)); print(\"through\")\n"
                        "  except OSError as e: print(e.strerror)\n"
                        "d = os.open(\"ro/pipe\", os.O_PATH); r = os.open(\"ro/pipe\", os.O_RDONLY | os.O_NONBLOCK)\n"
                        "for p in (\"ro/pipe\", \"link\", \"/proc/self/fd/%d\" % d, \"/proc/self/fd/%d\" % r):\n"
                        "  t(p, os.O_WRONLY); t(p, os.O_RDWR); t(p, os.O_WRONLY | os.O_CREAT)\n"
                        "t(\"ro/pipe\", os.O_RDONLY); t(\"pipe\", os.O_RDWR)\n";
    char script[1024], source[64];

    strcpy(workspace, "/tmp/cordon-unit-XXXXXX");
    check(test_make_directory(workspace) != NULL);
    host("mkdir ro; mkfifo ro/pipe pipe; ln -s ro/pipe link");
    hand_plan_init(&hand, workspace);
    snprintf(source, sizeof(source), "%s/ro", workspace);
    hand_plan_add(&hand, PLAN_BIND, "/ws/ro", source, false);
    hand.plan.names = (struct plan_name *)patterns;
    hand.plan.name_count = 1;
    hand.plan.filter.keeps_names = true;
    hand.plan.cwd = "/ws";
    snprintf(script, sizeof(script), "python3 -c '%s'", tries);
    check_int(hand_run(&hand, script, &status, output, sizeof(output), &err), 0);
    check_string(output, "Read-only file system\nRead-only file system\nRead-only file system\n"
                         "Read-only file system\nRead-only file system\nRead-only file system\n"
                         "Permission denied\nPermission denied\nPermission denied\n"
                         "Permission denied\nPermission denied\nPermission denied\nthrough\nthrough\n");
    done();
}

/* Its parent is process 1, which traces nobody. */
TEST(where_names_are_kept_a_program_that_asks_to_be_traced_goes_on)
{
    keep(":", hand_traced_script);
    check_string(output, hand_traced_output);
    check_int(status.end, TIER_EXITED);
    check_int(status.code, 42);
    done();
}

TEST(the_caller_s_limit_of_file_sizes_holds_for_truncate)
{
    keep(":", "python3 -c 'import os, resource, signal\n"
              "signal.signal(signal.SIGXFSZ, lambda *a: print(\"signal\"))\n"
              "def t(n):\n"
              "  try: os.truncate(\"f\", n); print(os.stat(\"f\").st_size)\n"
              "  except OSError as e: print(e.strerror, os.stat(\"f\").st_size)\n"
              "open(\"f\", \"w\").close(); t(100)\n"
              "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
              "t(101); t(100); t(50); t(5); t(10); t(11)'");
    check_string(output, "100\nsignal\nFile too large 100\n100\n50\n5\n10\nsignal\nFile too large 10\n");
    done();
}

/* ---- what is noted ---- */

static char noted[4096];

/* Kind and last component of each noted directory, as its descriptor has it now. */
static void look_at_notes(const struct tier_run *run)
{
    size_t count;
    const struct tier_note *notes = tier_process.notes(run, &count);

    noted[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char again[64], path[PATH_MAX] = "-";
        ssize_t length;

        snprintf(again, sizeof(again), "/proc/self/fd/%d", notes[i].directory);
        length = notes[i].directory < 0 ? 1 : readlink(again, path, sizeof(path) - 1);
        check(length > 0);
        path[length] = '\0';
        snprintf(noted + strlen(noted), sizeof(noted) - strlen(noted), "%d%s ", (int)notes[i].kind,
                 strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
    }
}

static void keep_and_note(const char *prepare, const char *script)
{
    hand_look = look_at_notes;
    keep(prepare, script);
    hand_look = NULL;
}

TEST(a_repository_is_noted_whichever_part_comes_last_and_however)
{
    keep_and_note("mkdir o; echo >o/config",
                  "mkdir a b c d e f g; echo >a/config; mkdir a/objects a/refs; mkdir b/refs b/objects; echo >b/config\n"
                  "mkdir c/objects c/refs; echo >c/x; mv c/x c/config; mkdir d/refs; ln -s / d/objects; ln a/config d/config\n"
                  "echo >e/config; mkdir e/refs e/x; mv e/x e/objects; mkdir f/objects; echo >f/config; mkfifo f/refs\n"
                  "mkdir g/objects; echo >g/config; mkdir o/objects o/refs");
    check_string(noted, "2a 2b 2c 2d 2e 2f 2o ");
    done();
}

TEST(a_configuration_that_is_changed_is_noted_and_one_that_is_read_is_not)
{
    keep_and_note("for d in w t l r x; do mkdir -p $d/objects $d/refs; echo >$d/config; done",
                  "echo >>w/config; truncate -s 0 t/config; ln l/config l/other; cat r/config; mv x/config x/y; mkdir p; echo >p/config\n"
                  "exec 5<r/config; echo 1 >>/proc/self/fd/5; echo >p/config.worktree");
    check_string(noted, "2w 2t 2l 2r 1p ");
    done();
}

TEST(a_noted_directory_keeps_its_note_when_it_or_what_is_above_is_renamed)
{
    keep_and_note(":", "mkdir -p a/b/objects a/b/refs; echo >a/b/config; mv a/b a/c; mv a d; echo 1 >d/c/config; mkdir d/c/sub\n"
                       "mkdir gone gone/objects gone/refs; echo >gone/config; rm -r gone");
    check_string(noted, "2c 2gone (deleted) ");
    done();
}

TEST(names_below_a_directory_that_is_called_like_a_part_are_not_noted)
{
    keep_and_note(":", "mkdir -p objects/config/refs config/a; echo >config/a/x; mkdir -p n/refs n/objects; echo >n/config2");
    check_string(noted, "");
    done();
}

/*
 * Descriptors under way in messages are counted for all processes of a user, against the limit of open files of whoever
 * sends the next one: a program can use them up, for its own container and for others. That must end none of them.
 */
TEST(repositories_of_which_no_descriptor_can_be_passed_on_are_told_as_more)
{
    struct rlimit open_files = {0};

    check_int(getrlimit(RLIMIT_NOFILE, &open_files), 0);
    if (open_files.rlim_max < 1024)
        test_skip("a limit of open files that can be raised");
    open_files.rlim_cur = 256;
    check_int(setrlimit(RLIMIT_NOFILE, &open_files), 0);
    keep_and_note(":", "python3 -c 'import array, os, resource, socket\n"
                       "soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
                       "resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))\n"
                       "a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)\n"
                       "rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array(\"i\", [0] * 200))]\n"
                       "for i in range(4): a.sendmsg([b\"x\"], rights)\n"
                       "for d in \"abc\":\n"
                       "  os.makedirs(d + \"/objects\"); os.mkdir(d + \"/refs\"); open(d + \"/config\", \"w\").close()\n"
                       "  print(os.stat(d + \"/config\").st_size)'");
    check_string(output, "0\n0\n0\n");
    check_string(noted, "3- ");
    done();
}

/* A start cannot do without passing descriptors on, and says so; root's processes are not held to the limit. */
TEST(a_start_is_refused_with_the_reason_when_no_descriptor_can_be_passed_on)
{
    struct rlimit open_files = {0};
    int ends[2], fds[64], wanted = geteuid() == 0 ? 0 : -ETOOMANYREFS;
    char byte = 0;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(fds))];
    } ancillary = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(fds))}};
    struct iovec vector = {&byte, 1};
    struct msghdr header = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof(ancillary)};

    check_int(getrlimit(RLIMIT_NOFILE, &open_files), 0);
    open_files.rlim_cur = 256;
    check_int(setrlimit(RLIMIT_NOFILE, &open_files), 0);
    check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    memset(fds, 0, sizeof(fds));
    memcpy(CMSG_DATA(&ancillary.header), fds, sizeof(fds));
    for (int i = 0; i < 8 && sendmsg(ends[0], &header, 0) == 1; i++)
        ;
    strcpy(workspace, "/tmp/cordon-unit-XXXXXX");
    check(test_make_directory(workspace) != NULL);
    hand_plan_init(&hand, workspace);
    check_int(hand_run(&hand, "echo ran", &status, output, sizeof(output), &err), wanted);
    if (wanted)
        check_contains(err.text, "raise the limit of open files (ulimit -n)");
    close(ends[0]);
    close(ends[1]);
    check_int(hand_run(&hand, "echo ran", &status, output, sizeof(output), &err), 0);
    check_string(output, "ran\n");
    done();
}

TEST(more_repositories_than_there_is_room_for_are_told_once)
{
    keep_and_note(":", "i=0; while [ $i -lt 40 ]; do mkdir -p $i/objects $i/refs; echo >$i/config; i=$((i+1)); done");
    check_contains(noted, " 231 3- ");
    check(!strstr(noted, "232"));
    check(!strstr(noted, "3- 3-"));
    done();
}
