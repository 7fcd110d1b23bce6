# Switchboard: `make run` builds and starts a server, `make test` shows that it works, `make help` lists the rest.

SHELL := /bin/bash
.DEFAULT_GOAL := help

DATA ?= ./data
FUZZ_SECONDS ?= 10
ARGUMENTS ?=
ROOMS ?=

.PHONY: help bootstrap run build web test test-unit test-portable test-web test-interop bench fuzz format lint clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1@\2/p' $(MAKEFILE_LIST) | column -t -s @

bootstrap: ## install what is missing to build (Debian packages)
	@script/bootstrap --build

run: bootstrap web ## build quickly, not optimised, and start a development server on ./data (DATA=…, ARGUMENTS=…)
	swift build --product switchboard
	.build/debug/switchboard serve --data $(DATA) --development $(ARGUMENTS)

build: bootstrap web ## build the release binary, .build/release/switchboard
	swift build -c release --product switchboard

web: bootstrap ## build the web client library and the demo page
	script/web

test: ## every test: web library, Swift, real browsers
	script/test

test-web: web ## only the tests of the web library (node)
	script/test web

test-unit: ## only the Swift tests (ROOMS=SDPTests,ICETests builds and runs these alone)
	SWITCHBOARD_ONLY=$(ROOMS) script/test unit

test-portable: ## only the tests of the Swift client, with the system calls that Apple systems have too
	script/test portable

test-interop: ## only the tests with real browsers and clients (PYTEST_ARGUMENTS=…)
	script/test interop

bench: build ## forwarding cost, start-up of a call, whole calls under load; see docs/performance.md
	@script/bootstrap --test
	script/bench

fuzz: ## run every fuzz target for FUZZ_SECONDS (10)
	@script/bootstrap --test
	FUZZ_SECONDS=$(FUZZ_SECONDS) script/fuzz

format: ## rewrite the Swift sources in the project's format
	swift format --in-place --parallel --recursive Package.swift Sources Tests Benchmarks Clients/Swift

lint: bootstrap ## fail on badly formatted Swift and on TypeScript errors
	swift format lint --strict --parallel --recursive Package.swift Sources Tests Benchmarks Clients/Swift
	tsc --noEmit -p Clients/Web

clean: ## remove everything that was built (not the data folder)
	rm -rf .build .build-* Clients/Web/dist Clients/Web/build Tests/Interop/out
