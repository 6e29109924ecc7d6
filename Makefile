# Everything that continuous integration checks: make test.

GO ?= go

.PHONY: test check race fresh generate build bench

test: check fresh race

# check finds what needs no running: form, vet and staticcheck.
check:
	@unformatted=$$(gofmt -l .) || exit 1; if [ -n "$$unformatted" ]; then echo "not formatted; run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# race runs all tests with the race detector, which needs a C compiler.
race:
	CGO_ENABLED=1 $(GO) test -race ./...

# fresh fails when a committed file is not what its source generates.
fresh:
	$(GO) run ./cmd/dvz fmt --check
	$(GO) run ./cmd/dvz generate --check
	$(GO) run ./cmd/dvz plugins docs --check

# generate rewrites everything that is generated and committed.
generate:
	$(GO) generate ./plugins/...
	$(GO) run ./cmd/dvz plugins docs
	$(GO) run ./cmd/dvz generate

build:
	$(GO) build -o bin/dvz ./cmd/dvz
	bin/dvz build --all

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...
