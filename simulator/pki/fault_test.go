package pki_test

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/emulate"
	"rehearse/proxy/revocation"
	"rehearse/simulator/pki"
	"rehearse/simulator/world"
	"rehearse/simulator/world/worldtest"
)

// strictly is what a strict client that trusts the root comes to under each fault,
// with the other mechanism left out of the certificate.
func strictly() []struct {
	kind string
	what string
	want revocation.Verdict
} {
	return []struct {
		kind string
		what string
		want revocation.Verdict
	}{
		{"slow", pki.OCSP, revocation.Good}, {"slow", pki.CRL, revocation.Good},
		{"silent", pki.OCSP, revocation.Offline}, {"silent", pki.CRL, revocation.Offline},
		{"down", pki.OCSP, revocation.Offline}, {"down", pki.CRL, revocation.Offline},
		{"http404", pki.OCSP, revocation.Offline}, {"http404", pki.CRL, revocation.Offline},
		{"http503", pki.OCSP, revocation.Offline}, {"http503", pki.CRL, revocation.Offline},
		{"malformed", pki.OCSP, revocation.Malformed}, {"malformed", pki.CRL, revocation.Malformed},
		{"stale", pki.OCSP, revocation.Stale}, {"stale", pki.CRL, revocation.Stale},
		{"not_yet_valid", pki.OCSP, revocation.NotYetValid}, {"not_yet_valid", pki.CRL, revocation.NotYetValid},
		{"no_next_update", pki.OCSP, revocation.Good}, {"no_next_update", pki.CRL, revocation.NotUsable},
		{"wrong_signer", pki.OCSP, revocation.BadSignature}, {"wrong_signer", pki.CRL, revocation.BadSignature},
		{"wrong_issuer", pki.OCSP, revocation.WrongIssuer}, {"wrong_issuer", pki.CRL, revocation.WrongIssuer},
		{"revoked_leaf", pki.OCSP, revocation.Revoked}, {"revoked_leaf", pki.CRL, revocation.Revoked},
		{"revoked_intermediate", pki.OCSP, revocation.Revoked}, {"revoked_intermediate", pki.CRL, revocation.Revoked},
		{"unknown", pki.OCSP, revocation.Unknown},
		{"try_later", pki.OCSP, revocation.TryLater},
		{"unauthorized", pki.OCSP, revocation.Unauthorized},
		{"delegated", pki.OCSP, revocation.Good},
		{"no_eku", pki.OCSP, revocation.WrongSigner},
		{"crl_expired", pki.CRL, revocation.Stale},
		{"crl_wrong_issuer", pki.CRL, revocation.WrongIssuer},
		{"crl_huge", pki.CRL, revocation.Good},
	}
}

var _ = Describe("a fault", func() {
	It("is in the table once, with a line for people, and is tried here in all it concerns", func() {
		tried := map[string]string{}
		for _, row := range strictly() {
			tried[row.kind] += row.what
		}
		for _, k := range pki.Faults() {
			Expect(k.Doc).NotTo(BeEmpty())
			Expect(tried).To(HaveKeyWithValue(k.Name, map[string]string{pki.Both: "ocspcrl", pki.OCSP: "ocsp", pki.CRL: "crl"}[k.What]))
			delete(tried, k.Name)
		}
		Expect(tried).To(BeEmpty())
	})

	for _, row := range strictly() {
		It(row.kind+" of "+row.what+" gives a strict client: "+string(row.want), func() {
			served(pki.Config{}, func(s site) {
				t := emulate.Template{Names: []string{"a.test"}}
				if row.what == pki.OCSP {
					t.CRL = []string{}
				} else {
					t.OCSP = []string{}
				}
				cert, err := s.Issue(t)
				Expect(err).NotTo(HaveOccurred())
				fault := pki.Fault{Kind: row.kind, What: row.what}
				if row.kind != "revoked_intermediate" {
					fault.Authority = pki.IssuingID
				} else if row.what == pki.CRL {
					defer s.Impose(pki.Fault{Kind: "down", What: pki.OCSP, Authority: pki.RootID})()
				}
				lift := s.Impose(fault)
				got := s.judge(cert)
				Expect(got.Verdict).To(Equal(row.want), got.Detail)
				lift()
				Expect(s.judge(cert).Verdict).To(Equal(revocation.Good))
			})
		})
	}

	DescribeTable("is checked", func(f pki.Fault, want string) {
		if want == "" {
			Expect(f.Check()).To(Succeed())
			return
		}
		Expect(f.Check()).To(MatchError(ContainSubstring(want)))
	},
		Entry("right", pki.Fault{Kind: "stale"}, ""),
		Entry("narrower than the kind", pki.Fault{Kind: "stale", What: pki.CRL}, ""),
		Entry("wider than the kind", pki.Fault{Kind: "crl_huge", What: pki.Both}, ""),
		Entry("no such kind", pki.Fault{Kind: "stalle"}, `no fault "stalle", want one of slow, silent, down`),
		Entry("no kind", pki.Fault{}, `no fault "", want one of`),
		Entry("nothing that it could concern", pki.Fault{Kind: "stale", What: "dns"}, `fault concerns "dns", want "ocsp", "crl" or "both"`),
		Entry("against the kind", pki.Fault{Kind: "crl_huge", What: pki.OCSP}, `fault "crl_huge" concerns "crl" only, got "ocsp"`),
		Entry("a delay backwards", pki.Fault{Kind: "slow", Delay: -time.Second}, `delay of -1s, want none or a positive one`),
	)
})

var _ = Describe("a faulty endpoint", func() {
	const list = "http://pki.test/crl/root.crl"

	It("is silent for as long as the client waits, or for the delay, then closes", func() {
		served(pki.Config{}, func(s site) {
			began := time.Now()
			lift := s.Impose(pki.Fault{Kind: "silent"})
			_, err := s.get(list)
			Expect(err).To(MatchError(context.DeadlineExceeded))
			Expect(time.Since(began)).To(BeNumerically("~", 15*time.Second, time.Second))
			lift()

			began = time.Now()
			defer s.Impose(pki.Fault{Kind: "silent", Delay: 4 * time.Second})()
			_, err = s.get(list)
			Expect(err).To(MatchError(ContainSubstring("connection reset")))
			Expect(time.Since(began)).To(BeNumerically("~", 4*time.Second, time.Second))
		})
	})

	It("is silent towards a POST as well, and lets go of it when the client leaves", func() {
		served(pki.Config{}, func(s site) {
			defer s.Impose(pki.Fault{Kind: "silent"})()
			client := http.Client{Transport: s.transport(), Timeout: 5 * time.Second}
			_, err := client.Post("http://pki.test/ocsp/root", "application/ocsp-request", strings.NewReader("hello"))
			Expect(err).To(MatchError(context.DeadlineExceeded))
		})
	})

	It("answers rightly after a delay", func() {
		served(pki.Config{}, func(s site) {
			defer s.Impose(pki.Fault{Kind: "slow", Delay: 3 * time.Second})()
			began := time.Now()
			r, err := s.get(list)
			Expect(err).NotTo(HaveOccurred())
			defer r.Body.Close()
			Expect(r.StatusCode).To(Equal(200))
			Expect(time.Since(began)).To(BeNumerically("~", 3*time.Second, 100*time.Millisecond))
		})
	})

	It("concerns the authority named, and only it", func() {
		served(pki.Config{}, func(s site) {
			defer s.Impose(pki.Fault{Kind: "http404", Authority: pki.RootID})()
			for url, want := range map[string]int{list: 404, "http://pki.test/crl/issuing.crl": 200} {
				r, err := s.get(url)
				Expect(err).NotTo(HaveOccurred())
				r.Body.Close()
				Expect(r.StatusCode).To(Equal(want), url)
			}
		})
	})

	It("has the fault imposed last, until that is lifted, in any order", func() {
		served(pki.Config{}, func(s site) {
			status := func() int {
				r, err := s.get(list)
				Expect(err).NotTo(HaveOccurred())
				r.Body.Close()
				return r.StatusCode
			}
			first, second := s.Impose(pki.Fault{Kind: "http404"}), s.Impose(pki.Fault{Kind: "http503"})
			Expect(status()).To(Equal(503))
			first()
			Expect(status()).To(Equal(503))
			second()
			second()
			Expect(status()).To(Equal(200))
		})
	})

	It("says 500 and why under a fault that is none", func() {
		served(pki.Config{}, func(s site) {
			defer s.Impose(pki.Fault{Kind: "stalle", What: pki.CRL})()
			r, err := s.get(list)
			Expect(err).NotTo(HaveOccurred())
			defer r.Body.Close()
			body, err := io.ReadAll(r.Body)
			Expect(err).NotTo(HaveOccurred())
			Expect(r.StatusCode).To(Equal(500))
			Expect(string(body)).To(HavePrefix(`no fault "stalle", want one of`))
		})
	})

	It("goes around an appliance's responder, tells what it did, and keeps faults over other authorities", func() {
		worldtest.World(GinkgoTB(), world.Config{}, func(w *world.Memory) {
			root, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Appliance", ID: "appliance", Now: time.Now})
			Expect(err).NotTo(HaveOccurred())
			responder := emulate.NewResponder(root)
			seen := make(chan string, 8)
			responder.Seen = func(method, what, authority, result string) {
				seen <- strings.Join([]string{method, what, authority, result}, " ")
			}
			faulty := pki.NewFaulty(responder)
			s := site{alice: w.Host("alice", netip.MustParseAddr("10.1.0.11"))}
			serve(w.Host("status.test", netip.MustParseAddr("10.1.0.9")), faulty, func() {
				lift := faulty.Impose(pki.Fault{Kind: "down"})
				_, err := s.get("http://status.test/crl/appliance.crl")
				Expect(err).To(MatchError(ContainSubstring("connection reset")))
				Expect(<-seen).To(Equal("GET crl appliance down"))

				other, err := emulate.NewAuthority(emulate.AuthorityConfig{Name: "Other", ID: "other", Parent: root, Now: time.Now})
				Expect(err).NotTo(HaveOccurred())
				faulty.Serve(emulate.NewResponder(other))
				_, err = s.get("http://status.test/crl/other.crl")
				Expect(err).To(HaveOccurred())
				lift()
				r, err := s.get("http://status.test/crl/other.crl")
				Expect(err).NotTo(HaveOccurred())
				r.Body.Close()
				Expect(r.StatusCode).To(Equal(200))
			})
		})
	})
})
