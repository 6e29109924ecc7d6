package contracts_test

import (
	"context"
	"testing"

	"github.com/detectviz/detectviz/platform/contracts"
)

func TestIdentity(t *testing.T) {
	if _, ok := contracts.IdentityFrom(context.Background()); ok {
		t.Error("a caller is known where nobody was authenticated")
	}
	ctx := contracts.WithIdentity(context.Background(), contracts.Identity{Subject: "alice", Roles: []string{"admin", "reader"}})
	got, ok := contracts.IdentityFrom(ctx)
	if !ok || got.Subject != "alice" {
		t.Errorf("got %+v, %t", got, ok)
	}
	for role, has := range map[string]bool{"admin": true, "reader": true, "Admin": false, "adm": false, "": false} {
		if got.HasRole(role) != has {
			t.Errorf("HasRole(%q) is %t", role, !has)
		}
	}
	if (contracts.Identity{}).HasRole("") {
		t.Error("nobody has the role without a name")
	}
}
