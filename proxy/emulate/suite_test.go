package emulate_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/emulate"
)

func TestEmulate(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "emulate")
}

// clock is a clock that a spec sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func ecKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Expect(err).NotTo(HaveOccurred())
	return key
}

func rsaKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	Expect(err).NotTo(HaveOccurred())
	return key
}

func authority(cfg emulate.AuthorityConfig) *emulate.Authority {
	a, err := emulate.NewAuthority(cfg)
	Expect(err).NotTo(HaveOccurred())
	return a
}

// pair is a root and an intermediate of it, with pointers on the intermediate.
func pair(now func() time.Time) (root, issuing *emulate.Authority) {
	return pairAt(now, "http://status.test")
}

func pairAt(now func() time.Time, base string) (root, issuing *emulate.Authority) {
	root = authority(emulate.AuthorityConfig{Name: "Root", Now: now})
	issuing = authority(emulate.AuthorityConfig{
		Name: "Issuing", Parent: root, Now: now,
		OCSPURL: emulate.OCSPURL(base, "root"), CRLURL: emulate.CRLURL(base, "root"),
	})
	return root, issuing
}

func issue(a *emulate.Authority, t emulate.Template) *x509.Certificate {
	if t.Key == nil {
		t.Key = ecKey().Public()
	}
	cert, err := a.Issue(t)
	Expect(err).NotTo(HaveOccurred())
	return cert
}

func leafOf(a *emulate.Authority, names ...string) *x509.Certificate {
	return issue(a, emulate.Template{Names: names})
}

// verify checks a chain as a TLS client would.
func verify(leaf *x509.Certificate, a *emulate.Authority, name string, at time.Time) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(a.Root())
	for _, c := range a.Chain() {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: name, CurrentTime: at})
	return err
}

// keyKind is a kind of authority key.
type keyKind struct {
	name string
	make func() crypto.Signer
}

func keyKinds() []keyKind {
	return []keyKind{
		{"RSA 2048", func() crypto.Signer { return rsaKey() }},
		{"P-256", func() crypto.Signer { return ecKey() }},
		{"P-384", func() crypto.Signer {
			key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
			Expect(err).NotTo(HaveOccurred())
			return key
		}},
	}
}

// judge finds an installed program, or skips the spec.
func judge(name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		Skip(name + " is not installed")
	}
	return path
}

func writeFile(dir, name string, content []byte) string {
	path := filepath.Join(dir, name)
	Expect(os.WriteFile(path, content, 0o600)).To(Succeed())
	return path
}

func pemOf(certs ...*x509.Certificate) (out []byte) {
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}
