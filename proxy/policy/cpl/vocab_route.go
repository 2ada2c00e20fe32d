package cpl

func routeProperties() []Entry {
	return []Entry{
		prop("forward", ValueName, AtClientHello, inForward, documented, "the host or group the request is forwarded to, or no").args(1, -1),
		prop("forward.fail_open", ValueFlag, AtClientHello, inForward, documented, "the origin is asked when the forwarding host is down"),
		prop("socks_gateway", ValueName, AtClientHello, inForward, documented, "the SOCKS gateway used, or no").args(1, -1),
		prop("socks_gateway.fail_open", ValueFlag, AtClientHello, inForward, recalled, "the origin is asked when the gateway is down"),
		prop("direct", ValueFlag, AtClientHello, inProxy|inCache|inForward, documented3, "the origin is asked and not the forwarding host"),
		prop("icp", ValueFlag, AtClientHello, inForward|inProxy|inCache, documented3, "neighbour caches are asked"),
		prop("reflect_ip", ValueAny, AtClientHello, inProxy|inForward, documented3, "which address the origin sees"),
		prop("integrate_new_hosts", ValueFlag, AtEnd, inForward, recalled, "hosts that are met for the first time join the forwarding group"),
		prop("adn.server", ValueFlag, AtClientHello, inForward|inProxy, recalled, "the connection is accelerated"),
		prop("adn.connection.dscp", ValueAny, AtEnd, anywhere, recalled, "the DSCP value of accelerated connections"),
		prop("client.connection.dscp", ValueAny, AtEnd, anywhere, recalled, "the DSCP value towards the client"),
		prop("server.connection.dscp", ValueAny, AtEnd, anywhere, recalled, "the DSCP value towards the origin"),
		prop("limit_bandwidth.client.inbound", ValueName, AtEnd, notDNS, recalled, "the bandwidth class of what comes from the client"),
		prop("limit_bandwidth.client.outbound", ValueName, AtEnd, notDNS, recalled, "the bandwidth class of what goes to the client"),
		prop("limit_bandwidth.server.inbound", ValueName, AtEnd, notDNS, documented, "the bandwidth class of what comes from the origin"),
		prop("limit_bandwidth.server.outbound", ValueName, AtEnd, notDNS, recalled, "the bandwidth class of what goes to the origin"),
		prop("max_bitrate", ValueBitrate, AtEnd, inProxy|inCache, documented3, "the largest bit rate of a stream"),
		prop("dynamic_bypass", ValueFlag, AtEnd, inProxy, recalled, "the origin is bypassed from now on"),
		prop("socks.accelerate", ValueAny, AtRequest, inProxy, recalled, "SOCKS traffic is handed to the protocol's own proxy"),
		prop("socks.allow_compression", ValueFlag, AtRequest, inProxy, recalled, "SOCKS traffic may be compressed"),
		prop("socks_gateway.request_compression", ValueAny, AtRequest, inProxy|inForward, recalled, "the SOCKS gateway is asked to compress"),
	}
}

func cacheProperties() []Entry {
	cache := func(name string, value ValueKind, mark Mark, doc string) Entry {
		return prop(name, value, AtEnd, inProxy|inCache, mark, doc)
	}
	return []Entry{
		cache("cache", ValueFlag, documented, "whether the object is cached"),
		cache("bypass_cache", ValueFlag, documented, "the cache is neither read nor written"),
		cache("force_cache", ValueAny, recalled, "the object is cached although its headers forbid it"),
		cache("ttl", ValueAny, recalled, "how long the object is kept"),
		cache("advertisement", ValueFlag, recalled, "the object is an advertisement, fetched and counted as such"),
		cache("always_verify", ValueFlag, recalled, "the object is verified with the origin each time"),
		cache("cookie_sensitive", ValueFlag, recalled, "objects differ by cookie"),
		cache("ua_sensitive", ValueFlag, recalled, "objects differ by User-Agent"),
		cache("delete_on_abandonment", ValueFlag, recalled, "the download is dropped when the client goes away"),
		cache("never_refresh_before_expiry", ValueFlag, recalled, "objects are not refreshed before they expire"),
		cache("never_serve_after_expiry", ValueFlag, recalled, "expired objects are not given out"),
		cache("pipeline", ValueFlag, recalled, "embedded objects are fetched ahead"),
		cache("refresh", ValueFlag, recalled, "objects are kept fresh in the background"),
		cache("remove_IMS_from_GET", ValueFlag, recalled, "If-Modified-Since is ignored"),
		cache("remove_PNC_from_GET", ValueFlag, recalled, "Pragma: no-cache is ignored"),
		cache("remove_reload_from_IE_GET", ValueFlag, recalled, "the reload mark of an old browser is ignored"),
	}
}
