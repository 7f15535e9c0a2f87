# Bash completion for ovs-dpctl: options, commands and the datapaths that there are.
# Install as /usr/share/bash-completion/completions/ovs-dpctl

_ovs_dpctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word words
    case $previous in
        -f | --format) words='text json' ;;
        -t | --timeout | --target) return ;;
        *)
            if [[ $current == -* ]]; then
                words=$(ovs-dpctl --option | sed -e 's/=.*//' -e 's/ .*//')
            else
                words=$(ovs-dpctl list-commands | awk 'NR > 1 { print $1 }')
                for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                    if grep -qxF -- "$word" <<< "$words"; then
                        words=$(ovs-dpctl -t 2 dump-dps 2>/dev/null)
                        break
                    fi
                done
            fi
            ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _ovs_dpctl ovs-dpctl
