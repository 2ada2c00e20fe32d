package policy_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"rehearse/proxy/policy"
	"rehearse/proxy/policy/cpl"
)

// largePolicy writes a policy of the kind a visual editor makes over the years:
// layers of rules on subnets, groups, categories, hosts and lists of hosts, some
// patterns, and hashed sections with so many URLs in all.
func largePolicy(rules, urls int) string {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "define condition List%d\n", i)
		for j := range 10 {
			fmt.Fprintf(&b, "    url.domain=list%d-%d.test\n", i, j)
		}
		fmt.Fprintf(&b, "end\n")
	}
	for i := range 20 {
		fmt.Fprintf(&b, "define subnet Site%d\n    10.%d.0.0/16\n    192.168.%d.0/24\nend\n", i, i, i)
	}
	for layer := range 20 {
		fmt.Fprintf(&b, "<Proxy \"layer %d\">\n", layer)
		for i := layer; i < rules; i += 20 {
			b.WriteString("    " + largeRule(i) + "\n")
		}
		if layer%4 == 3 {
			b.WriteString("    [url.domain]\n")
			for i := layer / 4; i < urls; i += 5 {
				fmt.Fprintf(&b, "    host%d.section%d.test DENY\n", i, i%7)
			}
		}
	}
	return b.String()
}

func largeRule(i int) string {
	switch i % 10 {
	case 0:
		return fmt.Sprintf("client.address=Site%d condition=List%d DENY", i%20, i%40)
	case 1:
		return fmt.Sprintf("group=\"CORP\\team%d\" category=(Category%d, Category%d) ALLOW", i, i%50, i%60)
	case 2:
		return fmt.Sprintf("url.domain=site%d.test ALLOW", i)
	case 3:
		return fmt.Sprintf("url.host=www.site%d.test url.port=443 DENY", i)
	case 4:
		return fmt.Sprintf("client.address=172.16.%d.%d action.tag(yes)", i/250%256, i%250)
	case 5:
		return fmt.Sprintf("category=Category%d client.address=!Site%d exception(content_filter_denied)", i%80, i%20)
	case 6:
		return fmt.Sprintf("url.domain=(a%d.test, b%d.test, c%d.test) http.method=POST DENY", i, i, i)
	case 7:
		return fmt.Sprintf("user=\"CORP\\user%d\" access_log(no)", i)
	case 8:
		return fmt.Sprintf("condition=List%d service.name=\"Explicit HTTP\" url.path.substring=/x%d DENY", i%40, i)
	}
	return fmt.Sprintf("url.host.suffix=.suffix%d.test client.address=Site%d DENY", i, i%20)
}

const largeActions = "define action tag\n    set(request.header.X-Tag, \"1\")\nend\n"

// traffic is a spread of transactions over hosts that policy names and does not.
func traffic() []*policy.Transaction {
	var list []*policy.Transaction
	hosts := []string{"www.example.test", "host17.section3.test", "www.site123.test", "login.list3-4.test", "10.9.8.7",
		"cdn.static.assets.elsewhere.test", "a666.test", "x.host9999.section3.test", "sip.online.lync.test", "very.long.name.of.some.host.deep.below.test"}
	for i, h := range hosts {
		tx := get(h, "/path/of/something.html")
		tx.Client = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i), 3, 4}), 40000)
		tx.User, tx.Realm, tx.GroupsOf = fmt.Sprintf(`CORP\user%d`, i*7), "corp", []string{`CORP\all`, fmt.Sprintf(`CORP\team%d`, i)}
		tx.Categories = []string{fmt.Sprintf("Category%d", i*11), "Technology/Internet"}
		list = append(list, tx)
	}
	return list
}

func largeCompiled(tb testing.TB, rules, urls int) *policy.Policy {
	f, diags := cpl.Parse("large", []byte(largePolicy(rules, urls)+largeActions))
	if diags.HasErrors() {
		tb.Fatal(diags[0])
	}
	p, diags := policy.Compile([]*cpl.File{f}, policy.Options{})
	if diags.HasErrors() {
		tb.Fatal(diags[0])
	}
	return p
}

// BenchmarkDecide decides transactions on large policies. Beside it, in the same
// run, stands a floor: the look-ups of a host's labels in one map of as many
// names, and a loop over as many rules as remain.
func BenchmarkDecide(b *testing.B) {
	for _, size := range []struct{ rules, urls int }{{100, 1000}, {1000, 10000}, {10000, 10000}, {10000, 100000}} {
		b.Run(fmt.Sprintf("rules=%d,urls=%d", size.rules, size.urls), func(b *testing.B) {
			p, list := largeCompiled(b, size.rules, size.urls), traffic()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p.Decide(list[i%len(list)], policy.AtInnerRequest)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
	b.Run("floor,names=10000", benchmarkFloor)
}

func benchmarkFloor(b *testing.B) {
	names := map[string]int{}
	for i := range 10000 {
		names[fmt.Sprintf("host%d.section%d.test", i, i%7)] = i
	}
	list, found := traffic(), 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		for host := list[i%len(list)].URL.Host; host != ""; {
			if _, ok := names[host]; ok {
				found++
			}
			_, host, _ = strings.Cut(host, ".")
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "decisions/s")
}

// BenchmarkExplain is Decide with its steps, and without the index.
func BenchmarkExplain(b *testing.B) {
	p, list := largeCompiled(b, 1000, 10000), traffic()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Explain(list[i%len(list)], policy.AtInnerRequest)
	}
}

// BenchmarkCompile compiles a large policy from its trees.
func BenchmarkCompile(b *testing.B) {
	f, _ := cpl.Parse("large", []byte(largePolicy(1000, 10000)+largeActions))
	b.ReportAllocs()
	for b.Loop() {
		policy.Compile([]*cpl.File{f}, policy.Options{})
	}
}
