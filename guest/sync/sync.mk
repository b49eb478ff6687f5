# What puts the user's files into a guest, and what packs files for copies: one static program, because each
# takes its room in the initrd. Included by the Makefile; also works alone:
#   make -f guest/sync/sync.mk build/guest/sync

include guest/static.mk

SYNC_SOURCES := $(sort $(wildcard guest/sync/*.c guest/copy/*.c))
SYNC_HEADERS := $(sort $(wildcard guest/sync/*.h guest/copy/*.h))

build/guest/sync: $(SYNC_SOURCES) $(SYNC_HEADERS) guest/sync/sync.mk guest/static.mk
	@mkdir -p $(@D)
	$(STATIC_CC) -O2 -Iguest -o $@ $(SYNC_SOURCES)
