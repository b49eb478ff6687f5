# The guest agent: one static program. Included by the Makefile; also works alone, from the top folder:
#   make -f guest/agent/agent.mk build/guest/agent

AGENT_VERSION := $(shell sed -n 's/^  "version": "\(.*\)",$$/\1/p' package.json)
AGENT_WARNINGS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror
AGENT_SOURCES := $(sort $(wildcard guest/agent/*.c))
AGENT_HEADERS := $(sort $(wildcard guest/agent/*.h))

build/guest/agent: $(AGENT_SOURCES) $(AGENT_HEADERS) guest/agent/agent.mk package.json
	@mkdir -p $(@D)
	musl-gcc -static -Os $(AGENT_WARNINGS) -fstack-protector-strong -fstack-clash-protection \
		-Wl,-z,relro,-z,now,-z,noexecstack,--build-id=none -s \
		-DBANGER_VERSION='"$(AGENT_VERSION)"' -o $@ $(AGENT_SOURCES)
