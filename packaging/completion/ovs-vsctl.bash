# Completion of ovs-vsctl for bash: options, commands and their own options, and names that the database knows.
# What there is to complete comes from `ovs-vsctl --options` and `ovs-vsctl --commands`, read once a shell.

_ovs_vsctl_quiet() {
    ovs-vsctl --no-wait --timeout=2 -vconsole:off "$@" 2>/dev/null
}

# A column of all rows of a table.
_ovs_vsctl_column() {
    _ovs_vsctl_quiet --bare --columns="$2" list "$1"
}

_ovs_vsctl_ports() {
    local bridge
    for bridge in $(_ovs_vsctl_quiet list-br); do _ovs_vsctl_quiet list-ports "$bridge"; done
}

# What may stand for an argument whose name (as in --commands, without its mark) is $1. $2 is the table, if one came before.
_ovs_vsctl_candidates() {
    case "$1" in
        BRIDGE|PARENT) _ovs_vsctl_quiet list-br ;;
        PORT|BOND|'PORT|IFACE') _ovs_vsctl_ports ;;
        IFACE) _ovs_vsctl_column Interface name ;;
        TABLE) ovs-vsctl --help | sed -n 's/^  \([A-Za-z_]*\):$/\1/p' ;;
        RECORD)
            case "$2" in
                Open_vSwitch|SSL) echo . ;;
                Manager) _ovs_vsctl_column Manager target ;;
                *) _ovs_vsctl_column "$2" name; _ovs_vsctl_column "$2" _uuid ;;
            esac ;;
        COLUMN*) _ovs_vsctl_quiet -f csv list "$2" | head -n 1 | tr , '\n' ;;
        MODE) printf 'standalone\nsecure\n' ;;
    esac
}

# The words of the command that is being typed: those after the last "--".
_ovs_vsctl() {
    local word=${COMP_WORDS[COMP_CWORD]} start=1 at
    : "${_ovs_vsctl_options:=$(ovs-vsctl --options 2>/dev/null)}"
    : "${_ovs_vsctl_commands:=$(ovs-vsctl --commands 2>/dev/null)}"
    for ((at = 1; at < COMP_CWORD; at++)); do
        [[ ${COMP_WORDS[at]} == -- ]] && start=$((at + 1))
    done
    local command='' first=0 table=''
    for ((at = start; at < COMP_CWORD; at++)); do
        if [[ ${COMP_WORDS[at]} != -* ]]; then command=${COMP_WORDS[at]}; first=$((at + 1)); break; fi
    done
    if [[ -z $command ]]; then
        local names options
        names=$(sed 's/^[^,]*,\([^,]*\),.*$/\1/' <<<"$_ovs_vsctl_commands")
        options=$(sed 's/=ARG$/=/; s/ ARG$//' <<<"$_ovs_vsctl_options"; grep -o '\[--[^]]*\]' <<<"$_ovs_vsctl_commands" | tr -d '[]' | sort -u)
        mapfile -t COMPREPLY < <(compgen -W "$names $options" -- "$word")
    else
        local -a arguments
        read -r -a arguments <<<"$(sed -n "s/^[^,]*,$command,//p" <<<"$_ovs_vsctl_commands")"
        local count=${#arguments[@]} index=$((COMP_CWORD - first)) candidates=--
        ((count > 0)) || return
        # The last argument may repeat.
        ((index < count)) || index=$((count - 1))
        [[ ${arguments[0]} == '!TABLE' ]] && table=${COMP_WORDS[first]}
        candidates+=" $(_ovs_vsctl_candidates "${arguments[index]#[!?*+]}" "$table")"
        mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$word")
    fi
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}

complete -F _ovs_vsctl ovs-vsctl
