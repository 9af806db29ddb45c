console.log("roam");
