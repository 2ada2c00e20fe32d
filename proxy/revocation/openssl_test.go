package revocation_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/revocation"
)

// opensslBench is the PKI of the measurement itself, made by openssl, and a
// Fetcher that lets openssl answer.
type opensslBench struct{ scripts, dir string }

func newOpensslBench() opensslBench {
	scripts, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "accept", "pki"))
	Expect(err).NotTo(HaveOccurred())
	if _, err := os.Stat(filepath.Join(scripts, "mkpki.sh")); err != nil {
		Skip("the script that makes the PKI is not here")
	}
	for _, tool := range []string{"bash", "openssl", "faketime"} {
		if _, err := exec.LookPath(tool); err != nil {
			Skip(tool + " is not installed")
		}
	}
	b := opensslBench{scripts: scripts, dir: filepath.Join(GinkgoT().TempDir(), "pki")}
	build := exec.Command(filepath.Join(scripts, "mkpki.sh"), b.dir, "status.test")
	build.Env = append(os.Environ(), "DEAD=down.test", "HANG=hang.test")
	out, err := build.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(out))
	return b
}

// Fetch implements revocation.Fetcher.
func (b opensslBench) Fetch(ctx context.Context, method, target string, body []byte) (int, []byte, error) {
	u, err := url.Parse(target)
	if err != nil {
		return 0, nil, err
	}
	switch u.Host {
	case "down.test":
		return 0, nil, syscall.ECONNREFUSED
	case "hang.test":
		return 0, nil, context.DeadlineExceeded
	}
	parts := strings.SplitN(strings.TrimPrefix(u.EscapedPath(), "/"), "/", 4)
	switch {
	case parts[1] == "garbage":
		return http.StatusOK, []byte("<html><body>Access denied by content policy</body></html>"), nil
	case parts[0] == "crl":
		list, err := os.ReadFile(filepath.Join(b.dir, "crl", parts[1], parts[2]))
		if err != nil {
			return http.StatusNotFound, nil, nil
		}
		return http.StatusOK, list, nil
	case method == http.MethodGet:
		if body, err = fromPath(parts[3]); err != nil {
			return http.StatusBadRequest, nil, nil
		}
	}
	return b.answer(ctx, parts[1], parts[2], body)
}

func (b opensslBench) answer(ctx context.Context, mode, issuer string, request []byte) (int, []byte, error) {
	t, err := os.MkdirTemp(b.dir, "ask")
	if err != nil {
		return 0, nil, err
	}
	q, a := filepath.Join(t, "q"), filepath.Join(t, "a")
	if err := os.WriteFile(q, request, 0o600); err != nil {
		return 0, nil, err
	}
	if exec.CommandContext(ctx, filepath.Join(b.scripts, "ocsp-answer.sh"), b.dir, mode, issuer, q, a).Run() != nil {
		return http.StatusNotFound, nil, nil
	}
	answer, err := os.ReadFile(a)
	return http.StatusOK, answer, err
}

// certificates reads the PEM certificates of a file of the PKI.
func (b opensslBench) certificates(path ...string) (all []*x509.Certificate) {
	text, err := os.ReadFile(filepath.Join(append([]string{b.dir}, path...)...))
	Expect(err).NotTo(HaveOccurred())
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		Expect(err).NotTo(HaveOccurred())
		all = append(all, c)
	}
	return all
}

// judge is what a strict client makes of one case.
func (b opensslBench) judge(ctx context.Context, name string) (accept bool, r revocation.Result) {
	roots := x509.NewCertPool()
	roots.AddCert(b.certificates("root.pem")[0])
	sent := b.certificates("leaf", name+".chain.pem")
	staple, err := os.ReadFile(filepath.Join(b.dir, "staple", name+".der"))
	if err != nil {
		staple = nil
	}
	chain, pathErr := revocation.Chain(sent[0], sent[1:], roots, name+".bench.test", time.Now())
	if chain == nil {
		return false, r
	}
	how, _ := revocation.BehaviourNamed("skype-strict")
	checker := &revocation.Checker{Fetcher: b, Now: time.Now, Behaviour: how}
	r = checker.Check(ctx, chain, staple)
	return r.Accept && pathErr == nil, r
}

var _ = Describe("the measured cases, made by openssl", func() {
	It("are judged as by java:both, for the reasons written down", func(ctx SpecContext) {
		if testing.Short() {
			Skip("makes a PKI of RSA keys")
		}
		b := newOpensslBench()
		golden, err := os.ReadFile(filepath.Join("testdata", "skype-strict.golden"))
		Expect(err).NotTo(HaveOccurred())
		reasons := map[string]string{}
		for line := range bytes.Lines(golden) {
			f := strings.Split(string(line), "\t")
			verdict, _, _ := strings.Cut(f[3], ":")
			reasons[f[0]] = verdict
		}
		for _, c := range readCases() {
			accept, r := b.judge(ctx, c.name)
			Expect(accept).To(Equal(c.accepted["java:both"]), "%s: %s %s", c.name, r.Verdict, r.Detail)
			Expect(string(r.Verdict)).To(Equal(reasons[c.name]), c.name)
		}
	})
})
