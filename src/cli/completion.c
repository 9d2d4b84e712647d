/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts for bash, zsh and fish, from the tables. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* First words of commands, each once, separated by blanks. */
static void print_words(const char *first)
{
    const char *last = "";

    for (const struct command *command = commands; command->name; command++) {
        const char *space = strchr(command->name, ' ');
        size_t length = space ? (size_t)(space - command->name) : strlen(command->name);

        if (first) {
            if (space && strlen(first) == length && strncmp(first, command->name, length) == 0)
                printf("%s ", space + 1);
        } else if (strlen(last) < length || strncmp(last, command->name, length) != 0) {
            printf("%.*s ", (int)length, command->name);
        }
        last = command->name;
    }
}

/* The first command of two words that begins with its word, as "policy check". */
static bool begins_group(const struct command *command)
{
    const char *space = strchr(command->name, ' ');

    for (const struct command *other = commands; space && other < command; other++)
        if (strncmp(other->name, command->name, (size_t)(space - command->name) + 1) == 0)
            return false;
    return space != NULL;
}

/* Its first word; is that a command by itself? */
static bool group_is_command(const struct command *command, char ret_word[32])
{
    snprintf(ret_word, 32, "%.*s", (int)strcspn(command->name, " "), command->name);
    for (const struct command *other = commands; other->name; other++)
        if (strcmp(other->name, ret_word) == 0)
            return true;
    return false;
}

/* 'policy check'|'policy explain'|... */
static void print_pairs(void)
{
    const char *separator = "";

    for (const struct command *command = commands; command->name; command++)
        if (strchr(command->name, ' ')) {
            printf("%s'%s'", separator, command->name);
            separator = "|";
        }
}

static void print_options(const struct command *command)
{
    for (size_t i = 0; command->options[i]; i++)
        printf("--%s ", command->options[i]->name);
}

/* Options with words to choose from: an option's name may mean other words in another command. */
static const struct {
    const char *command, *option, *words;
} choices[] = {
    {"run", "watch", "refused hidden full"},
    {"learn", "network", "off record host:"},
    {"learn", "changes", "keep discard direct"},
    {"learn", "home", "private read"},
    {"policy init", "template", "workspace claude-code codex openclaw mcp-server ci-job data-analysis"},
    {"policy init", "packages", "npm pip cargo go maven gem"},
    {"policy diff", "fail-on", "any wider never"},
    {"policy simulate", "fail-on", "denied allowed any never"},
    {"why", "protocol", "tcp udp icmp"},
};

/* NULL = anything may be meant. */
static const char *words_of(const struct command *command, const struct option *option)
{
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        if (strcmp(choices[i].command, command->name) == 0 && strcmp(choices[i].option, option->name) == 0)
            return choices[i].words;
    return NULL;
}

/* The tiers that this build has; naming another one is an error that says so. */
#define TIERS "auto process"
#define DAEMONS "never available required"

static bool has_option(const struct command *command, const struct option *option)
{
    for (size_t i = 0; command->options[i]; i++)
        if (command->options[i] == option)
            return true;
    return false;
}

/* Commands share rows: only the first that has it counts. */
static bool is_first_use(const struct command *command, const struct option *option)
{
    for (const struct command *other = commands; other < command; other++)
        if (has_option(other, option))
            return false;
    return true;
}

/* "--policy|-p" of every option with such a value; VALUE_NONE = with any value. */
static void print_bash_options(enum option_value value)
{
    const char *separator = "";

    for (const struct command *command = commands; command->name; command++)
        for (size_t i = 0; command->options[i]; i++) {
            const struct option *option = command->options[i];

            if (option->value == VALUE_NONE || (value != VALUE_NONE && option->value != value) ||
                !is_first_use(command, option))
                continue;
            printf("%s--%s", separator, option->name);
            if (option->letter)
                printf("|-%c", option->letter);
            separator = "|";
        }
}

static void print_bash_choices(void)
{
    printf("    case \"$key $prev\" in\n");
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        printf("    '%s --%s') _cordon_words '%s'; return;;\n", choices[i].command, choices[i].option, choices[i].words);
    printf("    esac\n");
}

static void print_bash_values(void)
{
    static const struct {
        enum option_value value;
        const char *call; /* offers what can be meant */
    } rows[] = {
        {VALUE_TEXT, ":"},
        {VALUE_FILE, "_cordon_names -f"},
        {VALUE_DOCUMENT, "_cordon_documents"},
        {VALUE_DIRECTORY, "_cordon_names -d"},
        {VALUE_PROFILE, "_cordon_words \"$(\"${COMP_WORDS[0]}\" policy profiles 2>/dev/null)\""},
        {VALUE_TIER, "_cordon_words '" TIERS "'"},
        {VALUE_DAEMON, "_cordon_words '" DAEMONS "'"},
        {VALUE_RUN, "_cordon_runs"},
    };

    print_bash_choices();
    printf("    case $prev in\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        printf("    ");
        print_bash_options(rows[i].value);
        printf(") %s; return;;\n", rows[i].call);
    }
    printf("    ");
    print_bash_options(VALUE_MEMBER);
    printf(") compopt -o nospace 2>/dev/null; _cordon_words '");
    print_members("", "= ");
    printf("'; return;;\n    esac\n");
}

/* Where the contained command begins, everything is completed as if it stood alone. */
static void print_bash_command(void)
{
    printf("    for ((at = 2; at < COMP_CWORD; at++)); do\n"
           "        case ${COMP_WORDS[at]} in\n"
           "        --) ((at++)); break;;\n"
           "        ");
    print_bash_options(VALUE_NONE);
    printf(") ((at++)); [[ ${COMP_WORDS[at]} == = ]] && ((at++));;\n"
           "        =) ((at++));;\n"
           "        -*) ;;\n"
           "        *) break;;\n"
           "        esac\n"
           "    done\n"
           "    if [[ $key == @(run|learn) && ${COMP_WORDS[at-1]} == -- && at -eq COMP_CWORD ]]; then\n"
           "        _cordon_names -c; return\n"
           "    elif [[ $key == @(run|learn) && at -lt COMP_CWORD ]]; then\n"
           "        if declare -F _command_offset >/dev/null; then _command_offset \"$at\"\n"
           "        else _cordon_names -f; fi\n"
           "        return\n"
           "    fi\n");
}

/* What a command without an option in front takes, by the words of its usage. */
enum operand { OPERAND_OTHER, OPERAND_COMMAND, OPERAND_DOCUMENT, OPERAND_RUN, OPERAND_RUN_AND_PATHS, OPERAND_PROFILE, OPERAND_SHELL };

static enum operand operand_of(const struct command *command)
{
    static const struct {
        const char *words;
        enum operand operand;
    } rows[] = {
        {"RUN] [PATH", OPERAND_RUN_AND_PATHS}, {"RUN [PATH", OPERAND_RUN_AND_PATHS}, {"RUN", OPERAND_RUN},       {"FILE", OPERAND_DOCUMENT},
        {"BEFORE", OPERAND_DOCUMENT},          {"POLICY", OPERAND_DOCUMENT},         {"[NAME]", OPERAND_PROFILE}, {"bash|", OPERAND_SHELL},
    };

    if (command->has_command_operand)
        return OPERAND_COMMAND;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strstr(command->operands, rows[i].words))
            return rows[i].operand;
    return OPERAND_OTHER;
}

static const char *const bash_operands[] = {
    [OPERAND_OTHER] = "",
    [OPERAND_COMMAND] = "_cordon_names -c; ",
    [OPERAND_DOCUMENT] = "_cordon_documents; ",
    [OPERAND_RUN] = "_cordon_runs; ",
    [OPERAND_RUN_AND_PATHS] = "_cordon_runs; _cordon_names -f; ",
    [OPERAND_PROFILE] = "_cordon_words \"$(\"${COMP_WORDS[0]}\" policy profiles 2>/dev/null)\"; ",
    [OPERAND_SHELL] = "_cordon_words 'bash zsh fish'; ",
};

static void print_bash_operands(const struct command *command)
{
    printf("    '%s') ", command->name);
    printf("%s", bash_operands[operand_of(command)]);
    printf("_cordon_words '");
    print_words(command->name);
    print_options(command);
    printf("';;\n");
}

/* What bash offers: words, names of files (which it may quote and end with a slash), documents. */
static void print_bash_offers(void)
{
    printf("_cordon_words() { COMPREPLY+=($(compgen -W \"$1\" -- \"$cur\")); }\n"
           "_cordon_names() {\n"
           "    local found\n"
           "    compopt -o filenames 2>/dev/null\n"
           "    mapfile -t found < <(compgen \"$@\" -- \"$cur\"); COMPREPLY+=(\"${found[@]}\")\n"
           "}\n"
           "_cordon_runs() { _cordon_words \"last $(\"${COMP_WORDS[0]}\" runs 2>/dev/null | grep -oE \"^[0-9a-z]{26}\")\"; }\n"
           "_cordon_documents() {\n"
           "    _cordon_names -d\n"
           "    local ending\n"
           "    for ending in yaml yml json; do _cordon_names -f -X \"!*.$ending\"; done\n"
           "}\n");
}

/* bash: the words before the cursor choose a row. bash makes three words of --name=value. */
static void print_bash(void)
{
    print_bash_offers();
    printf("_cordon() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local key=${COMP_WORDS[1]} at\n"
           "    COMPREPLY=()\n"
           "    if [[ $cur == = ]]; then cur=\n"
           "    elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
           "    case \"$key ${COMP_WORDS[2]}\" in\n    ");
    print_pairs();
    printf(") [[ $COMP_CWORD -gt 2 ]] && key=\"$key ${COMP_WORDS[2]}\";;\n    esac\n");
    print_bash_command();
    print_bash_values();
    printf("    [[ $COMP_CWORD -eq 1 ]] && key=\n"
           "    case $key in\n"
           "    '') _cordon_words '");
    print_words(NULL);
    printf("';;\n");
    for (const struct command *command = commands; command->name; command++) {
        char word[32];

        if (begins_group(command) && !group_is_command(command, word)) {
            printf("    %s) _cordon_words '", word);
            print_words(word);
            printf("';;\n");
        }
        print_bash_operands(command);
    }
    printf("    esac\n}\ncomplete -F _cordon cordon\n");
}

/* A colon ends a part of a specification. */
static void print_zsh_escaped(const char *text)
{
    for (; *text; text++)
        printf("%s%c", *text == ':' ? "\\" : "", *text);
}

#define ZSH_RUNS "last $(cordon runs | grep -oE \"^[0-9a-z]{26}\")"

static void print_zsh_option(const struct command *command, const struct option *option)
{
    static const char *const actions[] = {[VALUE_TEXT] = "",
                                          [VALUE_FILE] = "_files",
                                          [VALUE_DOCUMENT] = "_files -g \"*.(yaml|yml|json)\"",
                                          [VALUE_DIRECTORY] = "_files -/",
                                          [VALUE_PROFILE] = "($(cordon policy profiles))",
                                          [VALUE_TIER] = "(" TIERS ")",
                                          [VALUE_DAEMON] = "(" DAEMONS ")",
                                          [VALUE_MEMBER] = "{compadd -S = --",
                                          [VALUE_RUN] = "(" ZSH_RUNS ")"};

    const char *words = words_of(command, option);

    printf(" '%s--%s%s[%s]", option->value == VALUE_NONE ? "" : "*", option->name,
           option->value == VALUE_NONE ? "" : "=", option->help);
    if (option->value != VALUE_NONE) {
        printf(":");
        print_zsh_escaped(option->value_name);
        printf(words ? ":(%s)" : ":%s", words ? words : actions[option->value]);
    }
    if (option->value == VALUE_MEMBER) {
        print_members(" ", "");
        printf("}");
    }
    printf("'");
}

static void print_zsh_groups(void)
{
    char word[32];

    for (const struct command *command = commands; command->name; command++)
        if (begins_group(command) && !group_is_command(command, word)) {
            printf("if [[ $key == %s ]]; then compadd ", word);
            print_words(word);
            printf("; return; fi\n");
        }
}

static const char *const zsh_operands[] = {
    [OPERAND_OTHER] = "",
    [OPERAND_COMMAND] = " '*::command:_normal'",
    [OPERAND_DOCUMENT] = " '*:document:_files -g \"*.(yaml|yml|json)\"'",
    [OPERAND_RUN] = " '1:run:(" ZSH_RUNS ")'",
    [OPERAND_RUN_AND_PATHS] = " '1:run:(" ZSH_RUNS ")' '*:path:_files'",
    [OPERAND_PROFILE] = " '1:profile:($(cordon policy profiles))'",
    [OPERAND_SHELL] = " '1:shell:(bash zsh fish)'",
};

static void print_zsh(void)
{
    printf("#compdef cordon\n"
           "local key=$words[2]\n"
           "case \"$key $words[3]\" in\n");
    print_pairs();
    printf(") (( CURRENT > 3 )) && key=\"$key $words[3]\";;\nesac\n"
           "if (( CURRENT == 2 )); then compadd ");
    print_words(NULL);
    printf("; return; fi\n");
    print_zsh_groups();
    /* for _arguments the last word of the command's name is the program */
    printf("shift words; (( CURRENT-- ))\n"
           "[[ $key == *\\ * ]] && { shift words; (( CURRENT-- )) }\n"
           "case $key in\n");
    for (const struct command *command = commands; command->name; command++) {
        printf("'%s') _arguments", command->name);
        for (size_t i = 0; command->options[i]; i++)
            print_zsh_option(command, command->options[i]);
        printf("%s", zsh_operands[operand_of(command)]);
        if (command_is_group(command->name)) {
            printf(" '1::command:(");
            print_words(command->name);
            printf(")'");
        }
        printf(";;\n");
    }
    printf("esac\n");
}

#define FISH_DOCUMENTS "(__fish_complete_suffix .yaml; __fish_complete_suffix .yml; __fish_complete_suffix .json)"
#define FISH_RUNS      "last (cordon runs | grep -oE \"^[0-9a-z]{26}\")"

static void print_fish_option(const struct command *command, const struct option *option)
{
    static const char *const values[] = {
        [VALUE_NONE] = "",
        [VALUE_TEXT] = " -x",
        [VALUE_FILE] = " -r -F",
        [VALUE_DOCUMENT] = " -x -a '" FISH_DOCUMENTS "'",
        [VALUE_DIRECTORY] = " -x -a '(__fish_complete_directories)'",
        [VALUE_PROFILE] = " -x -a '(cordon policy profiles)'",
        [VALUE_TIER] = " -x -a '" TIERS "'",
        [VALUE_DAEMON] = " -x -a '" DAEMONS "'",
        [VALUE_MEMBER] = " -x -a '",
        [VALUE_RUN] = " -x -a '" FISH_RUNS "'",
    };
    const char *second = strchr(command->name, ' '), *words = words_of(command, option);

    printf("complete -c cordon -n '__fish_seen_subcommand_from %s' -l %s -d '%s'",
           second ? second + 1 : command->name, option->name, option->help);
    if (option->letter)
        printf(" -s %c", option->letter);
    printf("%s", values[option->value]);
    if (words)
        printf(" -a '%s'", words);
    if (option->value == VALUE_MEMBER) {
        print_members("", "= ");
        printf("'");
    }
    printf("\n");
}

static void print_fish_operands(const struct command *command)
{
    static const char *const words[] = {
        [OPERAND_OTHER] = NULL,
        [OPERAND_COMMAND] = "(__fish_complete_command)",
        [OPERAND_DOCUMENT] = FISH_DOCUMENTS,
        [OPERAND_RUN] = FISH_RUNS,
        [OPERAND_RUN_AND_PATHS] = FISH_RUNS "' -F -a '", /* files, too */
        [OPERAND_PROFILE] = "(cordon policy profiles)",
        [OPERAND_SHELL] = "bash zsh fish",
    };
    const char *second = strchr(command->name, ' '), *offered = words[operand_of(command)];

    if (offered)
        printf("complete -c cordon -n '__fish_seen_subcommand_from %s' -a '%s'\n", second ? second + 1 : command->name, offered);
}

static void print_fish(void)
{
    printf("complete -c cordon -f\ncomplete -c cordon -n __fish_use_subcommand -a '");
    print_words(NULL);
    printf("'\n");
    for (const struct command *command = commands; command->name; command++) {
        char word[32];

        if (!begins_group(command))
            continue;
        (void)group_is_command(command, word);
        printf("complete -c cordon -n '__fish_seen_subcommand_from %s' -a '", word);
        print_words(word);
        printf("'\n");
    }
    for (const struct command *command = commands; command->name; command++) {
        for (size_t i = 0; command->options[i]; i++)
            print_fish_option(command, command->options[i]);
        print_fish_operands(command);
    }
}

int run_completion(struct cli *cli)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

    for (size_t i = 0; cli->operand_count && i < sizeof(shells) / sizeof(shells[0]); i++)
        if (strcmp(cli->operands[0], shells[i].name) == 0) {
            shells[i].print();
            return print_text(cli, "", 0);
        }
    return print_usage_error(cli, "name a shell: cordon completion bash|zsh|fish");
}
