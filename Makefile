# make run    a simulated estate, the agent on it, and a page to look at
# make test   everything the tests need, then all tests
# make build  a release binary with the Swift runtime in it: .build/release/vaultwatch
# make deb    a Debian package in this folder: vaultwatch_<version>_<architecture>.deb
# make reproduce  builds the package twice from scratch, in two folders, and compares the bytes
# make fuzz   feeds everything that takes bytes from outside for a minute each: see Tests/Fuzzing/README.md
# make sanitize  the unit tests under AddressSanitizer, and UndefinedBehaviorSanitizer for C and C++
# make sanitize-threads  the unit tests of several threads under ThreadSanitizer
# make soak   forty minutes of everything hostile, and ten seeds of each fault of the network
# make bench  speed, side by side with the peers

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
SCRATCH ?= .build
VENV := .build-tools/venv
# The static runtime exports every symbol, which nobody loads: 2 MB of a process that counts them.
# Symbols are bound at the start, after which their table is read-only. Paths of this machine stay out, and so do
# information for debuggers and the compiler's hash of it, which have the module cache's path in them: the same source
# gives the same bytes everywhere.
RELEASE := -c release --static-swift-stdlib -debug-info-format none \
	-Xswiftc -Xfrontend -Xswiftc -disable-incremental-llvm-codegen -Xlinker --no-export-dynamic -Xlinker -z -Xlinker now \
	-Xswiftc -file-prefix-map -Xswiftc $(CURDIR)=. -Xcc -ffile-prefix-map=$(CURDIR)=.

BUILD_PACKAGES := libcurl4-openssl-dev libssl-dev libsystemd-dev libpq-dev libsqlite3-dev libyaml-dev libcmark-dev libre2-dev libsnappy-dev zlib1g-dev pkg-config
RUN_PACKAGES := postgresql openssl
DEB_PACKAGES := debhelper dpkg-dev python3
# The peers of `Benchmarks scale` and `backup`.
BENCH_PACKAGES := nginx-light prometheus-blackbox-exporter awscli jq
TEST_PACKAGES := prometheus prometheus-alertmanager pgbouncer python3-venv chromium curl iproute2 mmdebstrap systemd-container lintian man-db zsh fish binutils $(DEB_PACKAGES)
# What the tests boot.
DEBIAN_ROOT := .build-tools/debian-12.tar
# The epoch is a date and the version a Grafana's: without a version pip takes the oldest Grafana's, 10.1.
GRAFANA_SDK := grafana-foundation-sdk==1769699379!11.6.0

export VAULTWATCH_TEST_PYTHON := $(CURDIR)/$(VENV)/bin/python

# Installs the Debian packages among the arguments that are missing, and says so.
define install
	@missing=""; for p in $(1); do [ "$$(dpkg-query -W -f='$${Status}' $$p 2>/dev/null)" = 'install ok installed' ] || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  echo "Installing Debian packages:$$missing"; \
	  $(SUDO) apt-get update -qq; \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
endef

.PHONY: build run test soak fuzz sanitize sanitize-threads bench deb reproduce check-swift deps-build deps-run deps-deb deps-test deps-bench clean

check-swift:
	@command -v swift >/dev/null || { echo "Swift 6.2 or newer is needed: https://www.swift.org/install/linux/debian/12/"; exit 1; }

deps-build: check-swift
	$(call install,$(BUILD_PACKAGES))

deps-run: deps-build
	$(call install,$(RUN_PACKAGES))

# Where no namespaces can be made there is no such root either, and the tests that boot it are skipped.
$(DEBIAN_ROOT): packaging/debian-root
	@if [ "$$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then \
	  echo "Making $@, the Debian in which tests install the package"; packaging/debian-root $@; \
	fi

deps-deb: deps-build
	$(call install,$(DEB_PACKAGES))

deps-test: deps-run
	$(call install,$(TEST_PACKAGES))
	@$(MAKE) --no-print-directory $(DEBIAN_ROOT)
	@if ! $(VENV)/bin/python -c 'import moto.server, aiosmtpd, flask, flask_cors, playwright, axe_playwright_python, grafana_foundation_sdk' 2>/dev/null; then \
	  echo "Installing moto[server], aiosmtpd, playwright, axe-playwright-python and grafana-foundation-sdk from PyPI into $(VENV)"; \
	  python3 -m venv $(VENV) && $(VENV)/bin/pip install -q --disable-pip-version-check 'moto[server]' aiosmtpd playwright axe-playwright-python '$(GRAFANA_SDK)'; \
	fi

build: deps-build
	swift build --scratch-path $(SCRATCH) $(RELEASE) --product vaultwatch
	@ls -l $(SCRATCH)/release/vaultwatch

deb: deps-deb
	swift build --scratch-path $(SCRATCH) $(RELEASE) --product vaultwatch
	rm -f vaultwatch_*.deb
	packaging/build-deb $(SCRATCH)/release/vaultwatch .
	@ls -l vaultwatch_*.deb

reproduce: deps-deb
	packaging/reproduce

run: deps-run
	swift build --scratch-path $(SCRATCH) $(RELEASE) --product vaultwatch
	swift build --scratch-path $(SCRATCH) $(RELEASE) --product vaultwatch-demo
	exec $(SCRATCH)/release/vaultwatch-demo

test: deps-test
	swift build --scratch-path $(SCRATCH) --build-tests --explicit-target-dependency-import-check error
	SWIFT_DETERMINISTIC_HASHING=1 swift test --scratch-path $(SCRATCH) --skip-build --no-parallel

# One build for both. Swift has no UndefinedBehaviorSanitizer on Linux: what overflows traps; so it is for C and C++ alone,
# whose runtime is in AddressSanitizer's. libFuzzer's code is in C++.
SANITIZED := .build-sanitize
SANITIZE = --scratch-path $(SANITIZED) --sanitize=address \
	-Xcc -fsanitize=undefined -Xcc -fno-sanitize=vptr -Xcc -fno-sanitize-recover=undefined \
	-Xswiftc -sanitize-coverage=edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table \
	-Xlinker $(firstword $(wildcard $(dir $(realpath $(shell command -v swift)))../lib/clang/*/lib/*/libclang_rt.fuzzer_no_main*.a)) \
	-Xlinker -lstdc++

fuzz: deps-build
	VAULTWATCH_FUZZER=1 swift build $(SANITIZE) --product fuzz
	Tests/Fuzzing/run $(SANITIZED)/debug/fuzz $(SANITIZED)/fuzz $(FUZZ_TARGETS)

# Without the tests that run the built program: they measure its memory, which is many times as much here, and load
# libraries before it, which AddressSanitizer does not allow. Leaks: what Swift's runtime keeps for good is no fault.
sanitize: deps-test
	swift build $(SANITIZE) --build-tests
	SWIFT_DETERMINISTIC_HASHING=1 SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=64 \
	UBSAN_OPTIONS=print_stacktrace=1 VAULTWATCH_SEEDS=50 \
	swift test --scratch-path $(SANITIZED) --sanitize=address --skip-build --no-parallel --skip '^IntegrationTests\.'

# The suites whose code runs on several threads, in a build of its own: see Tests/ThreadSanitizer.
sanitize-threads: deps-test
	VAULTWATCH_TSAN=1 swift build --scratch-path .build-threads --sanitize=thread --build-tests
	SWIFT_DETERMINISTIC_HASHING=1 SWIFT_BACKTRACE=enable=no VAULTWATCH_SEEDS=20 \
	TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/ThreadSanitizer/suppressions \
	VAULTWATCH_TSAN=1 swift test --scratch-path .build-threads --sanitize=thread --skip-build --no-parallel \
	  --filter '^(Platform|Telemetry|Store|Supervision|Transport|HTTPServer|TLS|WebSocket|Journal|S3|Agent|RemoteWrite)Tests\.'

soak: deps-test
	swift build --scratch-path $(SCRATCH) --build-tests
	VAULTWATCH_SOAK_SECONDS=600 VAULTWATCH_ALERTS_SECONDS=1800 VAULTWATCH_NETWORK_SEEDS=10 VAULTWATCH_VIRTUAL_HOURS=24 \
	SWIFT_DETERMINISTIC_HASHING=1 swift test --scratch-path $(SCRATCH) --skip-build --no-parallel \
	  --filter 'HostileEstateTests|SoakTests|NetworkFaultTests'

deps-bench: deps-test
	$(call install,$(BENCH_PACKAGES))

bench: deps-bench
	swift build --scratch-path $(SCRATCH) $(RELEASE)
	$(SCRATCH)/release/Benchmarks

clean:
	rm -rf $(SCRATCH)
