package gateway_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/emulate"
	"rehearse/proxy/gateway"
)

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func certificate(a *emulate.Authority) string { return pemOf("CERTIFICATE", a.Certificate().Raw) }

func newAuthority(name string, key crypto.Signer, parent *emulate.Authority) *emulate.Authority {
	return must(emulate.NewAuthority(emulate.AuthorityConfig{Name: name, Key: key, Parent: parent, Now: time.Now}))
}

var _ = Describe("a CA folder", func() {
	It("is made on first use, its key for its owner alone, and read back later", func() {
		dir := filepath.Join(GinkgoT().TempDir(), "new", "ca")
		first, made, err := gateway.OpenAuthority(dir, time.Now)
		Expect(err).NotTo(HaveOccurred())
		Expect(made).To(BeTrue())
		info, err := os.Stat(filepath.Join(dir, "key.pem"))
		Expect(err).NotTo(HaveOccurred())
		Expect(info.Mode().Perm()).To(Equal(os.FileMode(0o600)))
		Expect(gateway.KeyExposed(dir)).To(BeFalse())
		Expect(os.ReadFile(filepath.Join(dir, "root.pem"))).To(Equal(gateway.RootPEM(first)))

		second, made, err := gateway.OpenAuthority(dir, time.Now)
		Expect(err).NotTo(HaveOccurred())
		Expect(made).To(BeFalse())
		Expect(second.Root()).To(Equal(first.Root()))
		Expect(os.Chmod(filepath.Join(dir, "key.pem"), 0o644)).To(Succeed())
		Expect(gateway.KeyExposed(dir)).To(BeTrue())
	})

	It("may have a root made elsewhere, with its key in any usual form", func() {
		small := must(rsa.GenerateKey(rand.Reader, 2048))
		curve := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
		for _, k := range []struct {
			kind string
			key  crypto.Signer
			der  []byte
		}{
			{"RSA PRIVATE KEY", small, x509.MarshalPKCS1PrivateKey(small)},
			{"PRIVATE KEY", small, must(x509.MarshalPKCS8PrivateKey(small))},
			{"EC PRIVATE KEY", curve, must(x509.MarshalECPrivateKey(curve))},
		} {
			dir := GinkgoT().TempDir()
			root := newAuthority("Elsewhere", k.key, nil)
			writeFile(dir, "key.pem", []byte(pemOf(k.kind, k.der)))
			writeFile(dir, "root.pem", []byte(certificate(root)))
			a, _, err := gateway.OpenAuthority(dir, time.Now)
			Expect(err).NotTo(HaveOccurred(), k.kind)
			Expect(a.Root()).To(Equal(root.Certificate()))
		}
	})

	It("may have an intermediate that issues", func() {
		key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		root := newAuthority("Root", nil, nil)
		issuing := newAuthority("Issuing", key, root)
		dir := GinkgoT().TempDir()
		writeFile(dir, "key.pem", []byte(pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(key)))))
		writeFile(dir, "chain.pem", []byte(certificate(issuing)))
		writeFile(dir, "root.pem", []byte(certificate(root)))
		a, _, err := gateway.OpenAuthority(dir, time.Now)
		Expect(err).NotTo(HaveOccurred())
		Expect(a.Certificate()).To(Equal(issuing.Certificate()))
		Expect(a.Chain()).To(Equal([]*x509.Certificate{issuing.Certificate()}))
		Expect(a.Root()).To(Equal(root.Certificate()))
	})

	It("may be one file", func() {
		key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		root := newAuthority("Root", key, nil)
		file := writeFile(GinkgoT().TempDir(), "ca.pem", []byte(certificate(root)+pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(key)))))
		a, _, err := gateway.OpenAuthority(file, time.Now)
		Expect(err).NotTo(HaveOccurred())
		Expect(a.Root()).To(Equal(root.Certificate()))
	})

	DescribeTable("that is not right is refused in words, and left as it is",
		func(files map[string]string, want string) {
			dir := GinkgoT().TempDir()
			for name, text := range files {
				writeFile(dir, name, []byte(text))
			}
			_, _, err := gateway.OpenAuthority(dir, time.Now)
			Expect(err).To(MatchError(ContainSubstring(want)))
			left, err := os.ReadDir(dir)
			Expect(err).NotTo(HaveOccurred())
			Expect(left).To(HaveLen(len(files)))
		},
		Entry("no key", map[string]string{"root.pem": "x"}, "there is root.pem but no key.pem"),
		Entry("no root", map[string]string{"key.pem": "x"}, "there is key.pem but neither root.pem nor chain.pem"),
		Entry("no PEM", map[string]string{"key.pem": "x", "root.pem": "x"}, "no private key in PEM form"),
		Entry("a key under a passphrase", map[string]string{"key.pem": pemOf("ENCRYPTED PRIVATE KEY", []byte{1}), "root.pem": "x"}, "the private key is encrypted"),
		Entry("a key that is none", map[string]string{"key.pem": pemOf("EC PRIVATE KEY", []byte{1}), "root.pem": "x"}, "key.pem: "),
	)

	It("is refused when key and certificate do not belong together, or the chain ends early", func() {
		key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		root := newAuthority("Root", nil, nil)
		dir := GinkgoT().TempDir()
		writeFile(dir, "key.pem", []byte(pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(key)))))
		writeFile(dir, "root.pem", []byte(certificate(root)))
		_, _, err := gateway.OpenAuthority(dir, time.Now)
		Expect(err).To(MatchError(ContainSubstring("is for another key")))
		writeFile(dir, "root.pem", []byte(certificate(newAuthority("Issuing", key, root))))
		_, _, err = gateway.OpenAuthority(dir, time.Now)
		Expect(err).To(MatchError(ContainSubstring(`certificate "Issuing" ends the chain and was issued by "Root"`)))
	})
})
