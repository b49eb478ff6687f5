# What runs a command for ssh in a guest: one static program. Included by the Makefile; also works alone:
#   make -f guest/run/run.mk build/guest/run

include guest/static.mk

RUN_SOURCES := $(sort $(wildcard guest/run/*.c))
RUN_HEADERS := $(sort $(wildcard guest/run/*.h))

build/guest/run: $(RUN_SOURCES) $(RUN_HEADERS) guest/run/run.mk guest/static.mk
	@mkdir -p $(@D)
	$(STATIC_CC) -O2 -o $@ $(RUN_SOURCES)
