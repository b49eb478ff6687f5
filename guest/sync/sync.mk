# What puts the user's files into a guest: one static program. Included by the Makefile; also works alone:
#   make -f guest/sync/sync.mk build/guest/sync

SYNC_WARNINGS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror
SYNC_SOURCES := $(sort $(wildcard guest/sync/*.c))
SYNC_HEADERS := $(sort $(wildcard guest/sync/*.h))

build/guest/sync: $(SYNC_SOURCES) $(SYNC_HEADERS) guest/sync/sync.mk
	@mkdir -p $(@D)
	musl-gcc -static -O2 $(SYNC_WARNINGS) -fstack-protector-strong -fstack-clash-protection \
		-Wl,-z,relro,-z,now,-z,noexecstack,--build-id=none -s -o $@ $(SYNC_SOURCES)
