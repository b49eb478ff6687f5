# `make run` and `make test` set up whatever is missing first; see scripts/setup.sh.
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.PHONY: help run test test-all check format build programs bench clean setup stage deb rpm install uninstall

# Only tests, benchmarks and packages need the packages that packages.txt marks `test`.
NEEDS := $(if $(filter test test-all check bench deb rpm,$(MAKECMDGOALS)),test,run)

SOURCES := $(shell find src -name '*.ts')
# In host/, a file is a program, and so is a folder.
HOST_PROGRAMS := $(patsubst host/%.c,build/host/%,$(wildcard host/*.c)) $(patsubst host/%/,build/host/%,$(wildcard host/*/))
# What guests get as it is, and what their images are made of.
GUEST_FILES := $(patsubst guest/%,build/guest/%,guest/init guest/banger-init $(shell find guest/images -type f))
HOST_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Wshadow -Werror

help:
	@echo 'make run                         set up, build and run a command on this repository in a new VM'
	@echo "make run ARGS='vm run ./x -- c'  the same with any other banger command"
	@echo 'make test                        set up, check and pass all tests'
	@echo 'make test-all                    the same with every bounded test at its long form; takes hours'
	@echo 'make check                       format, lint, types, layers, contract, scripts, C'
	@echo 'make format                      write the format and the safe fixes of the linter'
	@echo 'make build                       the guest agent, the host helpers and the bundles, in build/'
	@echo 'make bench                       measure against the bare VMM, node, busctl and JSON'
	@echo 'make install                     for you alone, with PREFIX or in ~/.local, with units and activation'
	@echo 'make uninstall                   take that away again; data stays'
	@echo 'make deb, make rpm               packages, in build/packages/'
	@echo 'make clean                       remove build/'

# What shows that a command ran in a VM on this repository: its kernel, its disks, the last commit, the files.
DEMO := uname -a; df -h / /root | cat; git log -1 --oneline; ls
ifdef ARGS
run: build
	@bin/banger $(ARGS)
else
run: build
	bin/banger vm run --rm . -- sh -c '$(DEMO)'
endif

test: build
	@node_modules/.bin/node scripts/test.ts

test-all: build
	@node_modules/.bin/node scripts/test.ts --all

check: programs
	@scripts/check.sh

format: setup
	node_modules/.bin/biome check --write .
	git ls-files '*.[ch]' | xargs node_modules/.bin/node node_modules/.bin/clang-format -i

bench: build
	@node_modules/.bin/node bench/main.ts

build: programs build/bundle/built

programs: build/guest/agent build/guest/run build/guest/sync $(GUEST_FILES) $(HOST_PROGRAMS)

stage: build
	@node_modules/.bin/node scripts/stage.ts

# Every file of a package has the time of the last commit.
deb rpm: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct)
deb rpm: stage
	@node_modules/.bin/node packaging/$@/build.ts build/packages

# A PREFIX on the command line of make is in their environment, too.
install: stage
	@build/stage/install.sh

uninstall:
	@build/stage/uninstall.sh

clean:
	rm -rf build

setup:
	@scripts/setup.sh $(NEEDS)

build/guest/agent build/guest/run build/guest/sync: | setup
$(GUEST_FILES): build/guest/%: guest/%
	@mkdir -p $(@D)
	@cp -p $< $@
include guest/agent/agent.mk
include guest/run/run.mk
include guest/sync/sync.mk

.SECONDEXPANSION:
$(HOST_PROGRAMS): build/host/%: $$(wildcard host/%.c host/%/*.c host/%/*.h) | setup
	@mkdir -p $(@D)
	gcc $(HOST_CFLAGS) -o $@ $(filter %.c,$^)

# Of Firecracker's double: the process that it is, and the vsock of its guests.
DOUBLE := $(addprefix build/test/firecracker-,process vsock)
$(DOUBLE): build/test/firecracker-%: $$(wildcard test/support/firecracker/double/%/*) | setup
	@mkdir -p $(@D)
	gcc $(HOST_CFLAGS) -o $@ $(filter %.c,$^)

build/bundle/built: $(SOURCES) scripts/bundle.ts packaging/notice/bundled.ts package-lock.json | setup
	@node_modules/.bin/node scripts/bundle.ts
