# Bash completion for ovs-appctl: options, running daemons after -t, and the commands that the chosen daemon offers.
# Install as /usr/share/bash-completion/completions/ovs-appctl

_ovs_appctl_targets() {
    local pidfile
    for pidfile in "${OVS_RUNDIR:-/var/run/openvswitch}"/*.pid; do
        [ -e "$pidfile" ] && basename "$pidfile" .pid
    done
}

# The daemon named on the command line so far, as options for ovs-appctl
_ovs_appctl_chosen() {
    local i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            -t | --target) echo "-t ${COMP_WORDS[i + 1]}" ;;
        esac
    done
}

_ovs_appctl_commands() {
    # shellcheck disable=SC2046
    ovs-appctl -T 2 $(_ovs_appctl_chosen) list-commands 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_ovs_appctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    case $previous in
        -t | --target)
            mapfile -t COMPREPLY < <(compgen -W "$(_ovs_appctl_targets)" -- "$current")
            return
            ;;
        -f | --format)
            mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$current")
            return
            ;;
        -T | --timeout) return ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(ovs-appctl --option | sed -e 's/=.*//' -e 's/ .*//')" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -W "$(_ovs_appctl_commands)" -- "$current")
        if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == "$current" ]]; then COMPREPLY=("$current "); fi
    fi
}

complete -F _ovs_appctl ovs-appctl
