# How the programs for guests are compiled: static, because they run in any image. Included by those that use it.

STATIC_WARNINGS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror
STATIC_CC := musl-gcc -static $(STATIC_WARNINGS) -fstack-protector-strong -fstack-clash-protection \
	-Wl,-z,relro,-z,now,-z,noexecstack,--build-id=none -s
