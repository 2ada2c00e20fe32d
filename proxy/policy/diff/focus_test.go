package diff_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy/space"
)

// lines are a small policy made at random, line by line.
func lines(r *rand.Rand) []string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	condition := func() string {
		return pick("", "url.domain=a.test", "url.host=www.a.test", "client.address=10.7.0.0/16", "client.address=!Site", "condition=C", "condition=!C",
			"category=K", "url.port=443", "http.method=CONNECT", "tunneled=yes", "client.protocol=!ssl")
	}
	list := []string{
		"define condition C", "url.domain=" + pick("a.test", "b.test"), pick("condition=D", "url.host.prefix=w"), "end",
		"define condition D", "client.address=Site", "end",
		"define subnet Site", pick("10.7.0.0/16", "10.7.1.0/24"), "end",
		"define category K", pick("a.test", "b.test", "Sub"), "end",
		"define category Sub", "www.b.test", "end",
		"define action tag", "set(request.header.X, " + pick("\"1\"", "\"2\"") + ")", "end",
		"<SSL-Intercept>", pick("condition=C ", "url.domain=a.test ", "") + "ssl.forward_proxy(" + pick("no", "https", "yes") + ")", "ssl.forward_proxy(https)",
	}
	for range 1 + r.IntN(3) {
		list = append(list, "<"+pick("Proxy", "Proxy", "Cache")+"> "+pick("", "", "client.address=Site", "condition=D"))
		for range 1 + r.IntN(4) {
			if r.IntN(5) == 0 {
				list = append(list, "[Rule] "+pick("", "category=K", "client.address=10.7.0.0/16"))
			}
			list = append(list, condition()+" "+pick("DENY", "DENY", "ALLOW", "ALLOW", "FORCE_DENY", "", "action.tag(yes)", "access_log(no)"))
		}
	}
	return list
}

// altered is the policy with one to three lines removed, repeated elsewhere,
// swapped with their neighbours or replaced by those of another policy.
func altered(r *rand.Rand, list []string) []string {
	list = slices.Clone(list)
	other := lines(r)
	for range 1 + r.IntN(3) {
		i := r.IntN(len(list) - 1)
		switch r.IntN(5) {
		case 0:
			list = slices.Delete(list, i, i+1)
		case 1:
			list = slices.Insert(list, r.IntN(len(list)), list[i])
		case 2:
			list[i], list[i+1] = list[i+1], list[i]
		case 3:
			list[i] = other[min(i, len(other)-1)]
		case 4:
			list = slices.Insert(list, i, other[r.IntN(len(other))])
		}
	}
	return list
}

var _ = Describe("Flows that lines which differ could have to do with", func() {
	It("are all that change", func() {
		pairs, flips := 0, 0
		for seed := uint64(0); pairs < 60; seed++ {
			r := rand.New(rand.NewPCG(seed, 1))
			from := lines(r)
			to := altered(r, from)
			a, ok := tryCompile("old", strings.Join(from, "\n")+"\n")
			b, fine := tryCompile("new", strings.Join(to, "\n")+"\n")
			if !ok || !fine {
				continue
			}
			all := new(big.Int)
			whole := space.NewFlows(a, b).Explore(3000, func(s *space.Sample) {
				if !s.Outcomes[0].Same(s.Outcomes[1]) {
					all.Add(all, s.Stands)
				}
			})
			if !whole.Complete {
				continue
			}
			report, found := diffOf(a, b), new(big.Int)
			for _, f := range report.Flips {
				found.Add(found, f.Stands)
			}
			Expect(report.Extent.Complete).To(BeTrue())
			Expect(found).To(Equal(all), func() string {
				return fmt.Sprintf("seed %d\n%s\n-----\n%s", seed, strings.Join(from, "\n"), strings.Join(to, "\n"))
			})
			pairs++
			if all.Sign() > 0 {
				flips++
			}
		}
		Expect(flips).To(BeNumerically(">", 20))
	})
})
