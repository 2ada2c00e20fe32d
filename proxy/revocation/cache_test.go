package revocation_test

import (
	"crypto/x509"
	"fmt"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/revocation"
)

var _ = Describe("Cache", func() {
	It("keeps OCSP answers and CRLs until nextUpdate, on the caller's clock", func(ctx SpecContext) {
		b := newBench(time.Now())
		now := b.now
		checker := &revocation.Checker{Fetcher: b, Now: func() time.Time { return now }, Cache: new(revocation.Cache)}
		leaf := b.leaf("a.test", "int-good", "-", "good")
		Expect(checker.Check(ctx, b.chain(leaf), nil).Fetches).To(HaveLen(2))
		now = b.now.AddDate(0, 0, 6)
		r := checker.Check(ctx, b.chain(leaf), nil)
		Expect(r.Accept).To(BeTrue())
		Expect(r.Fetches).To(BeEmpty())
		Expect(r.Each[0].Cached).To(BeTrue())
		Expect(r.Each[1]).To(Equal(revocation.CertResult{Subject: "a.test", Verdict: revocation.Good, Source: revocation.CRL, Cached: true}))
		now = b.now.AddDate(0, 0, 7)
		Expect(checker.Check(ctx, b.chain(leaf), nil).Fetches).To(HaveLen(2))
	})

	It("serves one CRL for every certificate of its issuer, each by its own serial", func(ctx SpecContext) {
		b := newBench(time.Now())
		checker := checkerFor(b)
		checker.Cache = new(revocation.Cache)
		first, second := b.leaf("a.test", "int-good", "-", "idx"), b.leaf("b.test", "int-good", "-", "idx")
		b.revoked[second.SerialNumber.Int64()] = true
		Expect(checker.Check(ctx, b.chain(first), nil).Accept).To(BeTrue())
		r := checker.Check(ctx, b.chain(second), nil)
		Expect(r.Code).To(Equal(revocation.CodeRevoked))
		Expect(r.Fetches).To(BeEmpty())
	})

	DescribeTable("does not keep", func(ctx SpecContext, ocspMode, crlMode string) {
		b := newBench(time.Now())
		checker := checkerFor(b)
		checker.Cache = new(revocation.Cache)
		leaf := b.leaf("a.test", "int-good", ocspMode, crlMode)
		checker.Check(ctx, b.chain(leaf), nil)
		Expect(checker.Cache.Len()).To(Equal(1), "the intermediate's answer alone")
	},
		Entry("an OCSP answer without nextUpdate", "nonext", "-"),
		Entry("an unknown", "unknown", "-"),
		Entry("a stale OCSP answer", "expired", "-"),
		Entry("a stale CRL", "-", "expired"),
		Entry("a CRL of another key", "-", "wrongkey"),
	)

	It("forgets when flushed", func(ctx SpecContext) {
		b := newBench(time.Now())
		checker := checkerFor(b)
		checker.Cache = new(revocation.Cache)
		leaf := b.leaf("a.test", "int-good", "good", "-")
		checker.Check(ctx, b.chain(leaf), nil)
		checker.Cache.Flush()
		Expect(checker.Cache.Len()).To(BeZero())
		Expect(checker.Check(ctx, b.chain(leaf), nil).Fetches).To(HaveLen(2))
	})

	It("is shared by many checks at once", func(ctx SpecContext) {
		b := newBench(time.Now())
		var mu sync.Mutex
		checker := checkerFor(b)
		checker.Cache = new(revocation.Cache)
		checker.Fetcher = fetcher(func(method, url string, body []byte) (int, []byte, error) {
			mu.Lock()
			defer mu.Unlock()
			return b.Fetch(ctx, method, url, body)
		})
		var chains [][]*x509.Certificate
		for i := range 8 {
			chains = append(chains, b.chain(b.leaf(fmt.Sprintf("%d.test", i), "int-good", "good", "good")))
		}
		var wg sync.WaitGroup
		refused := make(chan string, 64)
		for i := range 64 {
			wg.Go(func() {
				if r := checker.Check(ctx, chains[i%len(chains)], nil); !r.Accept {
					refused <- r.Detail
				}
			})
		}
		wg.Wait()
		Expect(refused).To(BeEmpty())
		Expect(checker.Cache.Len()).To(Equal(9))
	})
})
