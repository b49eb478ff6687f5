# What puts the user's files into a guest: one static program. Included by the Makefile; also works alone:
#   make -f guest/sync/sync.mk build/guest/sync

include guest/static.mk

SYNC_SOURCES := $(sort $(wildcard guest/sync/*.c))
SYNC_HEADERS := $(sort $(wildcard guest/sync/*.h))

build/guest/sync: $(SYNC_SOURCES) $(SYNC_HEADERS) guest/sync/sync.mk guest/static.mk
	@mkdir -p $(@D)
	$(STATIC_CC) -O2 -o $@ $(SYNC_SOURCES)
