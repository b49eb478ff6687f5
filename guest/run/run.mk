# What runs a command for ssh in a guest: one static program. Included by the Makefile; also works alone:
#   make -f guest/run/run.mk build/guest/run

RUN_WARNINGS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror
RUN_SOURCES := $(sort $(wildcard guest/run/*.c))
RUN_HEADERS := $(sort $(wildcard guest/run/*.h))

build/guest/run: $(RUN_SOURCES) $(RUN_HEADERS) guest/run/run.mk
	@mkdir -p $(@D)
	musl-gcc -static -O2 $(RUN_WARNINGS) -fstack-protector-strong -fstack-clash-protection \
		-Wl,-z,relro,-z,now,-z,noexecstack,--build-id=none -s -o $@ $(RUN_SOURCES)
