# The guest agent: one static program. Included by the Makefile; also works alone, from the top folder:
#   make -f guest/agent/agent.mk build/guest/agent

include guest/static.mk

AGENT_VERSION := $(shell sed -n 's/^  "version": "\(.*\)",$$/\1/p' package.json)
AGENT_SOURCES := $(sort $(wildcard guest/agent/*.c))
AGENT_HEADERS := $(sort $(wildcard guest/agent/*.h))

build/guest/agent: $(AGENT_SOURCES) $(AGENT_HEADERS) guest/agent/agent.mk guest/static.mk package.json
	@mkdir -p $(@D)
	$(STATIC_CC) -Os -DBANGER_VERSION='"$(AGENT_VERSION)"' -o $@ $(AGENT_SOURCES)
