# shellcheck shell=sh
# Starts `main` with `node`, both set by the file that sources this one, and `preload`, which keeps compiled code.
# --disable-sigusr1: by that signal Node starts a debugger on loopback, where every user of the host reaches it.
# shellcheck disable=SC2154 # the variables are of the file that sources this one
if [ "$program" = netd ]; then
  # Root's program takes nothing of an environment, and keeps no compiled code.
  exec /usr/bin/env -i PATH="$PATH" ${BANGER_NETD_GRACE_MS:+"BANGER_NETD_GRACE_MS=$BANGER_NETD_GRACE_MS"} \
    "$node" --disable-sigusr1 "$main" "$@"
fi

# By these Node and OpenSSL load code, listen, or write files. With `sudo -E` or `su` they come from another user.
unset NODE_OPTIONS NODE_PATH NODE_COMPILE_CACHE NODE_COMPILE_CACHE_PORTABLE NODE_V8_COVERAGE NODE_REDIRECT_WARNINGS \
  NODE_DEBUG NODE_DEBUG_NATIVE NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED NODE_USE_ENV_PROXY NODE_ICU_DATA \
  NODE_REPL_EXTERNAL_MODULE NODE_REPL_HISTORY NODE_PRESERVE_SYMLINKS NODE_PRESERVE_SYMLINKS_MAIN NODE_TEST_CONTEXT \
  NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE NODE_UNIQUE_ID NODE_PENDING_DEPRECATION NODE_NO_WARNINGS \
  NODE_PENDING_PIPE_INSTANCES NODE_SKIP_PLATFORM_CHECK OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES SSL_CERT_FILE \
  SSL_CERT_DIR
# Node would look for a path that begins otherwise among packages, from the working directory on.
case $preload in /*) ;; *) preload=./$preload ;; esac
exec "$node" --disable-sigusr1 --require "$preload" "$main" "$@"
