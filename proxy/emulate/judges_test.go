package emulate_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/emulate"
)

// run gives what a judge says, and how it ends. Its text is what counts.
func run(dir, program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// estate is an interception CA with its endpoint on loopback and an emulated
// certificate, for judges that know no other clock than the machine's.
type estate struct {
	dir           string
	root, issuing *emulate.Authority
	forge         *emulate.Forge
	origin        *x509.Certificate
	how           atomic.Pointer[emulate.Answer] // of OCSP answers and lists
	seen          chan string
}

func newEstate(newKey func() crypto.Signer, pointers emulate.Pointers) *estate {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	base := "http://" + listener.Addr().String()
	e := &estate{dir: GinkgoT().TempDir(), seen: make(chan string, 64), root: authority(emulate.AuthorityConfig{Name: "Root", Key: newKey(), Now: time.Now})}
	e.issuing = authority(emulate.AuthorityConfig{
		Name: "Issuing", Key: newKey(), Parent: e.root, Now: time.Now,
		OCSPURL: emulate.OCSPURL(base, "root"), CRLURL: emulate.CRLURL(base, "root"),
	})
	e.how.Store(&emulate.Answer{})
	responder := emulate.NewResponder(e.issuing)
	responder.How = func(string, string) emulate.Answer { return *e.how.Load() }
	responder.Seen = func(method, what, authority, result string) {
		e.seen <- strings.Join([]string{method, what, authority, result}, " ")
	}
	server := &http.Server{Handler: responder}
	go server.Serve(listener)
	DeferCleanup(server.Close)
	pointers.Base = base
	e.forge, err = emulate.NewForge(emulate.ForgeConfig{Authority: e.issuing, Pointers: pointers, Now: time.Now})
	Expect(err).NotTo(HaveOccurred())
	e.origin = selfSigned(&x509.Certificate{
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-day), NotAfter: time.Now().Add(90 * day),
	})
	writeFile(e.dir, "root.pem", pemOf(e.root.Certificate()))
	writeFile(e.dir, "issuing.pem", pemOf(e.issuing.Certificate()))
	writeFile(e.dir, "leaf.pem", pemOf(e.leaf().Leaf))
	return e
}

func (e *estate) leaf() *tls.Certificate {
	cert, _, err := e.forge.Certificate(e.origin, "localhost")
	Expect(err).NotTo(HaveOccurred())
	return cert
}

// writeLists writes both CRLs after the root, in PEM, for openssl's -CAfile.
func (e *estate) writeLists(how emulate.Answer) string {
	text := pemOf(e.root.Certificate())
	for _, a := range []*emulate.Authority{e.root, e.issuing} {
		der, err := a.CRL(how)
		Expect(err).NotTo(HaveOccurred())
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})...)
	}
	return writeFile(e.dir, "lists.pem", text)
}

// serve shows the emulated certificate on loopback and gives the port.
func (e *estate) serve() string {
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			cert, _, err := e.forge.Certificate(e.origin, "localhost")
			return cert, err
		},
	})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(listener.Close)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if conn.(*tls.Conn).Handshake() == nil {
					conn.Read(make([]byte, 1))
				}
			}()
		}
	}()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	Expect(err).NotTo(HaveOccurred())
	return port
}

func both() emulate.Pointers { return emulate.Pointers{CRL: true, OCSP: true} }

var _ = Describe("openssl", func() {
	for _, kind := range keyKinds() {
		It("verifies the whole chain with the CRLs, with a key "+kind.name, func() {
			openssl, e := judge("openssl"), newEstate(kind.make, both())
			verify := func(how emulate.Answer) string {
				out, _ := run(e.dir, openssl, "verify", "-crl_check_all", "-x509_strict", "-CAfile", e.writeLists(how), "-untrusted", "issuing.pem", "leaf.pem")
				return out
			}
			Expect(verify(emulate.Answer{})).To(Equal("leaf.pem: OK\n"))
			Expect(verify(emulate.Answer{Stale: true})).To(ContainSubstring("CRL has expired"))
			Expect(verify(emulate.Answer{NotYetValid: true})).To(ContainSubstring("CRL is not yet valid"))
			Expect(verify(emulate.Answer{WrongSigner: true})).To(ContainSubstring("CRL signature failure"))
			Expect(verify(emulate.Answer{WrongIssuer: true})).To(ContainSubstring("unable to get certificate CRL"))
			Expect(verify(emulate.Answer{NoNextUpdate: true})).To(Equal("leaf.pem: OK\n"))
			Expect(verify(emulate.Answer{Revoked: true})).To(ContainSubstring("certificate revoked"))
			lift := e.forge.Revoke("localhost")
			Expect(verify(emulate.Answer{})).To(ContainSubstring("error 23 at 0 depth lookup: certificate revoked"))
			lift()
			e.root.Revoke(e.issuing.Certificate().SerialNumber, time.Now(), 2)
			Expect(verify(emulate.Answer{})).To(ContainSubstring("error 23 at 1 depth lookup: certificate revoked"))
		})

		It("reads and verifies a CRL, with a key "+kind.name, func() {
			openssl, e := judge("openssl"), newEstate(kind.make, both())
			der, err := e.root.CRL(emulate.Answer{})
			Expect(err).NotTo(HaveOccurred())
			out, err := run(e.dir, openssl, "crl", "-inform", "DER", "-in", writeFile(e.dir, "root.crl", der), "-CAfile", "root.pem", "-noout", "-crlnumber")
			Expect(err).NotTo(HaveOccurred(), out)
			Expect(out).To(ContainSubstring("verify OK"))
			Expect(out).To(ContainSubstring("crlNumber=0x"))
		})

		It("asks the responder with POST and a nonce, and verifies, with a key "+kind.name, func() {
			openssl, e := judge("openssl"), newEstate(kind.make, both())
			ask := func(how emulate.Answer) string {
				e.how.Store(&how)
				out, _ := run(e.dir, openssl, "ocsp", "-issuer", "issuing.pem", "-cert", "leaf.pem", "-CAfile", "root.pem", "-verify_other", "issuing.pem", "-url", e.leaf().Leaf.OCSPServer[0])
				return out
			}
			good := And(ContainSubstring("Response verify OK"), ContainSubstring("leaf.pem: good"), Not(ContainSubstring("WARNING")))
			Expect(ask(emulate.Answer{})).To(good)
			Expect(ask(emulate.Answer{ByKey: true})).To(good)
			Expect(ask(emulate.Answer{Delegated: true})).To(good)
			Expect(ask(emulate.Answer{Delegated: true, ByKey: true})).To(good)
			Expect(ask(emulate.Answer{NoNonce: true})).To(ContainSubstring("WARNING: no nonce in response"))
			Expect(ask(emulate.Answer{NoEKU: true})).To(ContainSubstring("Response Verify Failure"))
			Expect(ask(emulate.Answer{WrongSigner: true})).To(ContainSubstring("Response Verify Failure"))
			Expect(ask(emulate.Answer{WrongIssuer: true})).To(ContainSubstring("ERROR: No Status found"))
			Expect(ask(emulate.Answer{Stale: true})).To(ContainSubstring("status expired"))
			Expect(ask(emulate.Answer{NotYetValid: true})).To(ContainSubstring("status not yet valid"))
			Expect(ask(emulate.Answer{UnknownStatus: true})).To(ContainSubstring("leaf.pem: unknown"))
			Expect(ask(emulate.Answer{TryLater: true})).To(ContainSubstring("trylater"))
			Expect(ask(emulate.Answer{Unauthorized: true})).To(ContainSubstring("unauthorized"))
			Expect(ask(emulate.Answer{Revoked: true})).To(And(ContainSubstring("leaf.pem: revoked"), ContainSubstring("Reason: keyCompromise")))
		})
	}
})

var _ = Describe("a strict Java client", func() {
	DescribeTable("meets emulated certificates",
		func(pointers emulate.Pointers, spoil func(*estate), want string) {
			java := judge("java")
			e := newEstate(func() crypto.Signer { return ecKey() }, pointers)
			spoil(e)
			_, here, _, _ := runtime.Caller(0)
			source := filepath.Join(filepath.Dir(here), "testdata", "Strict.java")
			out, err := run(e.dir, java, "-Dcom.sun.security.enableCRLDP=true", source, "localhost", e.serve(), "root.pem")
			if err != nil && strings.Contains(out, "jdk.compiler") {
				Skip("this Java runs no source files")
			}
			Expect(out).To(ContainSubstring(want))
		},
		Entry("without pointers", emulate.Pointers{}, func(*estate) {}, "reject: Certificate does not specify OCSP responder"),
		Entry("with OCSP", emulate.Pointers{OCSP: true}, func(*estate) {}, "accept"),
		Entry("with a CRL", emulate.Pointers{CRL: true}, func(*estate) {}, "accept"),
		Entry("with both, the certificate revoked", both(), func(e *estate) { e.forge.Revoke("localhost") }, "reject: Certificate has been revoked, reason: KEY_COMPROMISE"),
		Entry("with OCSP, a delegated responder", emulate.Pointers{OCSP: true}, func(e *estate) { e.how.Store(&emulate.Answer{Delegated: true}) }, "accept"),
		Entry("with OCSP, wrongly signed", emulate.Pointers{OCSP: true}, func(e *estate) { e.how.Store(&emulate.Answer{WrongSigner: true}) }, "reject: "),
	)
})

var _ = Describe("gnutls", func() {
	It("accepts an emulated certificate after asking about it", func() {
		gnutls, e := judge("gnutls-cli"), newEstate(func() crypto.Signer { return ecKey() }, both())
		out, err := run(e.dir, gnutls, "--ocsp", "--x509cafile", "root.pem", "-p", e.serve(), "localhost")
		Expect(err).NotTo(HaveOccurred(), out)
		Eventually(e.seen).Should(Receive(Equal("POST ocsp issuing good")))
	})
})
