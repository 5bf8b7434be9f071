import type { RedisClient } from './connection.ts'

/** The hash tags of one server. All workers of it must use the same, also those of version 0.1. */
const TAGS = Array.from({ length: 16 }, (_, bucket) => `${bucket}`)

/**
 * The hash tags of a Cluster. Tag n is in slot 1024 n + 512, so 2 to 16 masters with equal ranges
 * of slots have equal shares of the tags. Of the tags above 8 masters would leave 4 idle.
 */
const CLUSTER_TAGS = [
  '1768', '20261', '18360', '41271', '3453', '11199', '29098', '8591',
  '265', '45842', '13409', '17891', '46093', '3635', '2912', '48623'
]

/** Returns the hash tag of each bucket. */
export const tagsOf = (client: Pick<RedisClient, 'nodes'>): string[] =>
  client.nodes === undefined ? TAGS : CLUSTER_TAGS
