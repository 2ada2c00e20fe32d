package policy_test

import (
	"os"
	"path/filepath"
	"testing"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/policytest"
)

// FuzzCompile: whatever parses and checks compiles, and decides the same in both
// ways at every checkpoint.
func FuzzCompile(f *testing.F) {
	names, _ := filepath.Glob(filepath.Join("..", "..", "..", "shared", "policies", "own-*.cpl"))
	for _, name := range names {
		if text, err := os.ReadFile(name); err == nil {
			f.Add(string(text), "www.a.test", "/docs")
		}
	}
	for seed := range uint64(20) {
		f.Add(policytest.New(seed).Policy(), "a.test", "/docs/a?q=1")
	}
	f.Add("<Proxy>\n"+seedRule+definitions, "10.20.1.2", "")
	f.Fuzz(func(t *testing.T, text, host, path string) {
		file, _ := cpl.Parse("local", []byte(text))
		p, diags := policy.Compile([]*cpl.File{file}, policy.Options{})
		if p == nil {
			if !file.Broken && !diags.HasErrors() {
				t.Fatal("no policy and no error")
			}
			return
		}
		for _, kind := range []policy.TransactionType{policy.HTTPProxy, policy.SSLIntercept, policy.SSLTunnel, policy.HTTPSForwardProxy} {
			tx := get(host, path)
			tx.Type = kind
			for at := policy.AtAccept; at <= policy.AtResponse; at++ {
				d, e := p.Decide(tx, at), p.Explain(tx, at)
				if d.Verdict != e.Verdict || d.Final != e.Final {
					t.Fatalf("%s at %s: %+v is not %+v", kind, at, d.Verdict, e.Verdict)
				}
			}
		}
	})
}
