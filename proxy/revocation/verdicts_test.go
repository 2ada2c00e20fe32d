package revocation_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/revocation"
)

// table is what a verifier makes of every measured case, one line each.
func table(behaviour string) string {
	how, ok := revocation.BehaviourNamed(behaviour)
	Expect(ok).To(BeTrue(), behaviour)
	var out strings.Builder
	for _, c := range readCases() {
		accept, r := c.judge(newBench(time.Now()), how)
		word := "reject"
		if accept {
			word = "accept"
		}
		what := revocation.Judgement{Verdict: r.Verdict, Detail: r.Detail}
		if r.Verdict == "" {
			what.Detail = "no path"
		}
		fmt.Fprintf(&out, "%s\t%s\t%s\t%s\t%s\t%d fetches\n", c.name, word, r.Certificate, what, r.Code, len(r.Fetches))
	}
	return out.String()
}

var _ = Describe("verdicts and codes", func() {
	for _, behaviour := range []string{"skype-strict", "best-effort", "browser", "skype-2010"} {
		It("of "+behaviour+" are as written down", func() {
			golden := filepath.Join("testdata", behaviour+".golden")
			got := table(behaviour)
			if os.Getenv("UPDATE_GOLDEN") != "" {
				Expect(os.WriteFile(golden, []byte(got), 0o644)).To(Succeed())
			}
			want, err := os.ReadFile(golden)
			Expect(err).NotTo(HaveOccurred())
			Expect(got).To(Equal(string(want)))
		})
	}
})
