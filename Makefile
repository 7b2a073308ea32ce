# make test is all of it; make quick needs nothing but Go. `make help` lists the rest.

SHELL   := bash
STARTED := $(shell date +%s)
STEP    := tools/step

# The binary is built without cgo; only the race detector needs it.
export CGO_ENABLED := 0

FUZZTIME    ?= 5s
CONFORMANCE ?=

.NOTPARALLEL:
.PHONY: help quick test figures deps gofmt vet staticcheck short tests mutants race fuzz build clients prove conformance sqlmap

help:                          ## list what make can do
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1	/' | expand -t 14

quick: gofmt vet short         ## gofmt, vet and short tests: installs nothing
	@tools/finish $(STARTED) 'make quick: passed'

test: deps gofmt vet staticcheck tests mutants race fuzz clients   ## everything, for every change; installs what is missing
	@tools/finish $(STARTED) 'make test: passed'

bench:                         ## Pintail against its peers, side by side (needs wrk; some 10 minutes)
	@tools/deps wrk
	@cd bench && go run . $(BENCH)

prove: export PINTAIL_PROVE := 1
prove: FUZZTIME = 5m
prove: deps tests fuzz sqlmap  ## the long forms of tests and fuzzing (hours)
	@tools/finish $(STARTED) 'make prove: passed'

figures:                       ## how right the rehearsal is: it rehearses planted queries on both engines (an hour)
	@tools/deps
	@PINTAIL_PROVE=1 go test -timeout 4h -count 1 -v -run TestFigures ./internal/rehearse/plantedtest

deps:                          ## say what the tests need and is missing, then install it
	@$(STEP) 'what the tests need' tools/deps

gofmt:
	@$(STEP) 'gofmt' tools/gofmt

vet:
	@$(STEP) 'go vet' go vet ./...

staticcheck:
	@$(STEP) 'staticcheck' go tool staticcheck ./...

short:
	@$(STEP) 'short tests' go test -short ./...

# An hour and more is for make prove; go test's own limit of ten minutes a package stays otherwise.
tests:
	@$(STEP) 'tests' go test $(if $(PINTAIL_PROVE),-timeout 6h -count 1) ./...

mutants:                       ## mistakes planted in the cache, one by one: its tests find each
	@$(STEP) 'mutants' go test -tags mutant -run Mutants ./internal/store/cache

race:                          ## race detector over the packages that share memory
	@$(STEP) 'race tests' tools/race

fuzz:                          ## every fuzz target for FUZZTIME (5s)
	@$(STEP) 'fuzzing, $(FUZZTIME) a target' tools/fuzz $(FUZZTIME)

sqlmap:                        ## sqlmap at level 3 against the demo: finds nothing; installs it (half an hour)
	@$(STEP) 'sqlmap' tools/sqlmap

build:                         ## the binary, as bin/pintail
	@$(STEP) 'build' go build -trimpath -o bin/pintail ./cmd/pintail

clients: $(if $(wildcard cmd/pintail),build)   ## the npm clients and a browser against the binary
	@$(STEP) 'client and browser tests' env PINTAIL=$(CURDIR)/bin/pintail npm test --prefix clients

conformance: $(if $(CONFORMANCE),build)        ## PostgREST's own cases: make conformance CONFORMANCE=dir
	@$(STEP) 'conformance' tools/conformance $(CONFORMANCE)
