package emulate_test

import (
	"crypto/x509"
	"math/big"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/emulate"
)

const day = 24 * time.Hour

// listOf gives a CRL, parsed.
func listOf(a *emulate.Authority, how emulate.Answer) *x509.RevocationList {
	der, err := a.CRL(how)
	Expect(err).NotTo(HaveOccurred())
	list, err := x509.ParseRevocationList(der)
	Expect(err).NotTo(HaveOccurred())
	return list
}

func serialsOf(list *x509.RevocationList) (out []string) {
	for _, e := range list.RevokedCertificateEntries {
		out = append(out, e.SerialNumber.String())
	}
	return out
}

var _ = Describe("a CRL", func() {
	for _, kind := range keyKinds() {
		It("is signed by the authority, with a key "+kind.name, func() {
			a := authority(emulate.AuthorityConfig{Name: "Root", Key: kind.make(), Now: newClock().Now})
			Expect(listOf(a, emulate.Answer{}).CheckSignatureFrom(a.Certificate())).To(Succeed())
		})
	}

	It("is empty at first, numbered, dated back and good for a week", func() {
		c := newClock()
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now})
		list := listOf(a, emulate.Answer{})
		Expect(list.RevokedCertificateEntries).To(BeEmpty())
		Expect(list.Number).To(Equal(big.NewInt(1)))
		Expect(list.ThisUpdate).To(Equal(c.Now().Add(-5 * time.Minute)))
		Expect(list.NextUpdate).To(Equal(list.ThisUpdate.Add(7 * day)))
		Expect(list.RawIssuer).To(Equal(a.Certificate().RawSubject))
		Expect(list.AuthorityKeyId).To(Equal(a.Certificate().SubjectKeyId))
	})

	It("lists what was revoked, when and why, until it is reinstated", func() {
		c := newClock()
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now})
		first, second := leafOf(a, "a.test"), leafOf(a, "b.test")
		at := c.Now().Add(-10 * time.Minute)
		a.Revoke(second.SerialNumber, at, 4)
		a.Revoke(first.SerialNumber, c.Now(), 0)
		list := listOf(a, emulate.Answer{})
		Expect(serialsOf(list)).To(Equal([]string{second.SerialNumber.String(), first.SerialNumber.String()}))
		Expect(list.RevokedCertificateEntries[0].RevocationTime).To(Equal(at))
		Expect(list.RevokedCertificateEntries[0].ReasonCode).To(Equal(4))
		Expect(list.RevokedCertificateEntries[1].RevocationTime).To(Equal(list.ThisUpdate))
		a.Reinstate(second.SerialNumber)
		Expect(serialsOf(listOf(a, emulate.Answer{}))).To(Equal([]string{first.SerialNumber.String()}))
	})

	It("lists a serial number that was never issued", func() {
		c := newClock()
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now})
		a.Revoke(big.NewInt(4711), c.Now(), 1)
		Expect(serialsOf(listOf(a, emulate.Answer{}))).To(Equal([]string{"4711"}))
		a.Reinstate(big.NewInt(4711))
		Expect(serialsOf(listOf(a, emulate.Answer{}))).To(BeEmpty())
	})

	It("drops what has expired for longer than a list holds", func() {
		c := newClock()
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now})
		leaf := leafOf(a, "a.test")
		a.Revoke(leaf.SerialNumber, c.Now(), 1)
		c.Pass(96 * day)
		Expect(serialsOf(listOf(a, emulate.Answer{}))).To(HaveLen(1))
		c.Pass(2 * day)
		Expect(serialsOf(listOf(a, emulate.Answer{}))).To(BeEmpty())
	})

	It("is signed again when something changed or an hour has passed, not before", func() {
		c := newClock()
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now})
		leaf := leafOf(a, "a.test")
		number := func() int64 { return listOf(a, emulate.Answer{}).Number.Int64() }
		Expect(number()).To(BeEquivalentTo(1))
		c.Pass(59 * time.Minute)
		Expect(number()).To(BeEquivalentTo(1))
		a.Revoke(leaf.SerialNumber, c.Now(), 1)
		Expect(number()).To(BeEquivalentTo(2))
		c.Pass(time.Hour)
		Expect(number()).To(BeEquivalentTo(3))
	})

	It("is not dated before the authority itself", func() {
		c := newClock()
		root := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now})
		c.Pass(-day)
		Expect(listOf(root, emulate.Answer{}).ThisUpdate).To(Equal(root.Certificate().NotBefore))
	})

	It("takes its time to hold from the configuration", func() {
		a := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now, AnswerLifetime: 4 * time.Hour})
		list := listOf(a, emulate.Answer{})
		Expect(list.NextUpdate.Sub(list.ThisUpdate)).To(Equal(4 * time.Hour))
	})

	Context("with a fault", func() {
		It("is stale", func() {
			c := newClock()
			list := listOf(authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now}), emulate.Answer{Stale: true})
			Expect(list.NextUpdate).To(Equal(c.Now().Add(-3 * day)))
		})

		It("is not yet valid", func() {
			c := newClock()
			list := listOf(authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now}), emulate.Answer{NotYetValid: true})
			Expect(list.ThisUpdate).To(Equal(c.Now().Add(3 * day)))
		})

		for _, kind := range keyKinds() {
			It("has no nextUpdate, under a good signature, with a key "+kind.name, func() {
				c := newClock()
				a := authority(emulate.AuthorityConfig{Name: "Root", Key: kind.make(), Now: c.Now})
				a.Revoke(big.NewInt(4711), c.Now(), 1)
				list := listOf(a, emulate.Answer{NoNextUpdate: true})
				Expect(list.NextUpdate.IsZero()).To(BeTrue())
				Expect(list.CheckSignatureFrom(a.Certificate())).To(Succeed())
				Expect(serialsOf(list)).To(Equal([]string{"4711"}))
				Expect(list.Number).To(Equal(big.NewInt(1)))
			})
		}

		It("is signed by another key under the right name", func() {
			a := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
			list := listOf(a, emulate.Answer{WrongSigner: true})
			Expect(list.RawIssuer).To(Equal(a.Certificate().RawSubject))
			Expect(list.CheckSignatureFrom(a.Certificate())).To(MatchError(ContainSubstring("ECDSA verification failure")))
		})

		It("is of another authority", func() {
			c := newClock()
			a := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now})
			a.Revoke(leafOf(a, "a.test").SerialNumber, c.Now(), 1)
			list := listOf(a, emulate.Answer{WrongIssuer: true})
			Expect(list.Issuer.CommonName).To(Equal("Authority Elsewhere"))
			Expect(list.RevokedCertificateEntries).To(BeEmpty())
		})

		It("lists everything that was issued", func() {
			c := newClock()
			a := authority(emulate.AuthorityConfig{Name: "Root", Now: c.Now})
			first, second := leafOf(a, "a.test"), leafOf(a, "b.test")
			a.Revoke(second.SerialNumber, c.Now(), 4)
			list := listOf(a, emulate.Answer{Revoked: true})
			Expect(serialsOf(list)).To(ContainElements(first.SerialNumber.String(), second.SerialNumber.String()))
			Expect(list.CheckSignatureFrom(a.Certificate())).To(Succeed())
		})

		It("lists what will be issued next, for those who keep the list", func() {
			a := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
			list := serialsOf(listOf(a, emulate.Answer{Revoked: true}))
			for _, name := range []string{"a.test", "b.test", "c.test"} {
				Expect(list).To(ContainElement(leafOf(a, name).SerialNumber.String()))
			}
			Expect(serialsOf(listOf(a, emulate.Answer{}))).To(BeEmpty())
		})

		It("is larger than 5 MiB", func() {
			a := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now})
			der, err := a.CRL(emulate.Answer{Huge: true})
			Expect(err).NotTo(HaveOccurred())
			Expect(len(der)).To(BeNumerically(">", 5<<20))
			list := listOf(a, emulate.Answer{Huge: true})
			Expect(list.RevokedCertificateEntries).To(HaveLen(emulate.HugeEntries))
			Expect(list.CheckSignatureFrom(a.Certificate())).To(Succeed())
		})

		It("is a page of HTML", func() {
			der, err := authority(emulate.AuthorityConfig{Name: "Root", Now: newClock().Now}).CRL(emulate.Answer{Malformed: true})
			Expect(err).NotTo(HaveOccurred())
			Expect(string(der)).To(HavePrefix("<!DOCTYPE html>"))
		})
	})
})
