#pragma once

/* Sets the variables that came in the environment of the session, as BANGER_ENV_0, BANGER_ENV_1 and so on, and removes
 * those: the text of all parts is base64url of NAME=VALUE strings with a zero byte after each. Arguments would show the
 * values to every process. Returns 0, or -1 if a part is not there or malformed.
 * src/ssh/guest-variables.ts makes the parts. */
int take_variables(const char *parts);
