package policy_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/policytest"
	"rehearse/reports/diag"
)

// parsed reads a policy that has to be without syntax errors.
func parsed(text string) *cpl.File {
	f, diags := cpl.Parse("local", []byte(text))
	ExpectWithOffset(2, diags).NotTo(ContainElement(HaveField("Severity", diag.Error)))
	return f
}

// compiled is a policy that has to compile.
func compiled(text string, opt policy.Options) *policy.Policy {
	p, diags := policy.Compile([]*cpl.File{parsed(text)}, opt)
	ExpectWithOffset(2, diags).NotTo(ContainElement(HaveField("Severity", diag.Error)))
	return p
}

// newest compiles for the newest release with the default policy allow.
func newest(lines ...string) *policy.Policy {
	return compiled(strings.Join(lines, "\n")+"\n", policy.Options{})
}

// at compiles for one release.
func at(release string, lines ...string) *policy.Policy {
	return compiled(strings.Join(lines, "\n")+"\n", policy.Options{Release: cpl.MustRelease(release)})
}

// get is a plain request as an explicit client sends it.
func get(host, path string) *policy.Transaction { return policytest.Get(host, path) }

// connect is a CONNECT as it has just been read.
func connect(host string, port uint16) *policy.Transaction {
	tx := get(host, "/")
	tx.Method, tx.Tunneled = "CONNECT", policy.Unknown
	tx.URL = policy.URL{Scheme: "tcp", Host: host, Port: port, Path: "/"}
	return tx
}

// outcome is a decision in a word: "allow", "deny policy_denied", with "?" while
// it is not final.
func outcome(d policy.Decision) string {
	word := "allow"
	if d.Verdict.Kind == policy.Exception {
		word = "deny " + d.Verdict.ID
	}
	if d.Verdict.Forced {
		word = "force-" + word
	}
	if !d.Final {
		word += "?"
	}
	return word
}

// decided is the outcome at a checkpoint; it holds Decide and Explain together.
func decided(p *policy.Policy, tx *policy.Transaction, at policy.Checkpoint) string {
	d, e := p.Decide(tx, at), p.Explain(tx, at)
	ExpectWithOffset(1, d.Verdict).To(Equal(e.Verdict))
	ExpectWithOffset(1, d.Final).To(Equal(e.Final))
	return outcome(d)
}

// marks are the steps of an explanation in short: "MATCH 3", "miss 4".
func marks(d policy.Decision) []string {
	var list []string
	for _, s := range d.Steps {
		list = append(list, fmt.Sprintf("%s %s", strings.Trim(s.Mark.String(), " :"), s.At))
	}
	return list
}

func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// allocations is how often f makes memory, on average.
func allocations(f func()) float64 { return testing.AllocsPerRun(100, f) }
