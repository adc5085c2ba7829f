"""Configurations of a size, as ConfigMaps: policies of ten statements each, and a directory of their users."""

import json

NAMESPACE = "ramgate-system"
ACCOUNT = {"account": {"id": "1234567890123456", "region": "cn-hangzhou"}}
STATEMENTS = 10


def statement(policy, at, edition):
    """What typical policies have: read everything, create with a tag, change what has the tag, pass a role"""
    team = f"t{policy}" if edition == 0 else f"t{policy}-{edition}"
    if at % 4 == 0:
        return {"Effect": "Allow", "Action": ["eci:Describe*", "eci:List*"], "Resource": "*"}
    if at % 4 == 1:
        return {"Effect": "Allow", "Action": "eci:Create*", "Resource": "*",
                "Condition": {"StringEquals": {"acs:RequestTag/team": team}}}
    if at % 4 == 2:
        return {"Effect": "Allow", "Action": ["eci:Update*", "eci:Delete*"], "Resource": "acs:eci:*:*:containergroup/*",
                "Condition": {"StringEquals": {"acs:ResourceTag/team": team}}}
    return {"Effect": "Allow", "Action": "ram:PassRole", "Resource": f"acs:ram:*:*:role/r{policy}-{at}"}


def policy(number, edition=0):
    """A policy as the RAM console shows it, in lines"""
    statements = [statement(number, at, edition) for at in range(STATEMENTS)]
    return json.dumps({"Version": "1", "Statement": statements}, indent=2)


def config_map(name, kind, data):
    labels = {"ramgate.io/config": kind}
    metadata = {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", "resourceVersion": "1", "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def directory(users):
    """The directory document of these users, each with a policy of its own and a Kubernetes user"""
    entries = [{"name": f"u{n}", "policies": [{"policy": f"P{n}"}]} for n in users]
    bindings = [{"principal": f"user/u{n}", "subjects": [{"kind": "User", "name": f"u{n}@example.com"}]} for n in users]
    return {"users": entries, "bindings": bindings}


def policies(first, count, edition=0):
    """The ConfigMap of some policies"""
    data = {f"P{n}.json": policy(n, edition) for n in range(first, first + count)}
    return config_map(f"policies-{first:05}", "policy", data)


def config_maps(principals, in_each):
    """ConfigMaps of policies, this number in each, and of directories, which hold 1,000 users each"""
    all_of_them = [policies(first, min(in_each, principals - first)) for first in range(0, principals, in_each)]
    for first in range(0, principals, 1000):
        section = directory(range(first, min(first + 1000, principals)))
        if first == 0:
            section |= ACCOUNT
        # JSON in lines is YAML
        data = {"directory.yaml": json.dumps(section, indent=0)}
        all_of_them.append(config_map(f"directory-{first:05}", "directory", data))
    return all_of_them
