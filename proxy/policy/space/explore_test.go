package space_test

import (
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/policy/flow"
	"rehearse/proxy/policy/policytest"
	"rehearse/proxy/policy/space"
)

// matched are the rules that the engine says matched on the way of a flow.
func matched(p *policy.Policy, f *flow.Flow) (flow.Outcome, []int) {
	o, visits := flow.Explain(p, f)
	var list []int
	for _, v := range visits {
		for _, step := range v.Decision.Steps {
			if step.Mark == policy.Match && step.Number >= 0 {
				list = append(list, step.Number)
			}
		}
	}
	slices.Sort(list)
	return o, slices.Compact(list)
}

var _ = Describe("Flows through random policies", func() {
	It("do in the engine what formulas say, and so do their twins", func() {
		flows, twins, complete := 0, 0, 0
		for seed := uint64(0); seed < 16; seed++ {
			r := policytest.New(seed)
			text := r.Policy()
			f, _ := cpl.Parse("p", []byte(text))
			p, _ := policy.Compile([]*cpl.File{f}, policy.Options{})
			if p == nil {
				continue
			}
			s := space.NewFlows(space.Source{Policy: p, Files: []*cpl.File{f}})
			e := s.Explore(150, func(sample *space.Sample) {
				flows++
				o, rules := matched(p, sample.Flow)
				Expect(sample.Outcomes[0].String()).To(Equal(o.String()))
				Expect(sample.Matched[0]).To(Equal(rules), func() string {
					return fmt.Sprintf("%s\n%+v\n%s", sample.Shape, *sample.Flow, text)
				})
				for i, twin := range sample.Twins() {
					if i%11 != 0 {
						continue
					}
					twins++
					o2, rules2 := matched(p, twin)
					Expect(rules2).To(Equal(rules), func() string {
						GinkgoWriter.Println("SEED", seed, rules, rules2)
						return fmt.Sprintf("seed %d: %s\n%+v\n%+v\n%s", seed, sample.Shape, *sample.Flow, *twin, text)
					})
					Expect(o2.Same(o)).To(BeTrue(), func() string {
						return fmt.Sprintf("%s, %s\n%s\n%+v\n%+v\n%s", o, o2, sample.Shape, *sample.Flow, *twin, text)
					})
				}
			})
			Expect(e.Lacking).NotTo(ContainElement(ContainSubstring("otherwise than was reckoned")), text)
			if e.Complete {
				complete++
			}
		}
		AddReportEntry("flows", fmt.Sprintf("%d flows, %d twins, %d policies complete", flows, twins, complete))
	})
})
