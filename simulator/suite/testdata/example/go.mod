// A suite of one's own, outside this repository. The workspace file beside this one
// says where rehearse is; a clone next to your module is made known by
//
//	go work init . ../rehearse
module example.com/policy-tests

go 1.26.0

require (
	github.com/onsi/ginkgo/v2 v2.34.0
	github.com/onsi/gomega v1.44.0
)
